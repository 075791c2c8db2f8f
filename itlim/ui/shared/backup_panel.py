"""Copies of the database: one click to make one, and to go back to one."""

from pathlib import Path

import streamlit as st

from itlim.errors import StoreError
from itlim.store.backup import Backup, backup_if_due, list_backups, make_backup, restore
from itlim.store.connection import Store
from itlim.ui.shared.background_work import BackgroundWork

MEGABYTE = 1_000_000


class DailyBackup(BackgroundWork):
    """A copy made in the background when the newest is older than a day."""

    def __init__(self, store: Store) -> None:
        super().__init__("itlim-backup")
        self._store = store

    def _work(self) -> None:
        backup_if_due(self._store)


def backup_panel(store: Store) -> None:
    """Make a copy, download one, or go back to one."""
    st.caption("A copy of the database is made beside it once a day; the last 14 are kept.")
    if st.button("Make a backup now", icon="🗄️"):
        made = make_backup(store)
        st.toast(f"Backup made: {made.path.name}", icon="✅")
    for backup in list_backups(store.path):
        with st.container(border=True, horizontal=True, vertical_alignment="center"):
            st.markdown(_described(backup), width="stretch")
            st.download_button(
                "Download",
                backup.path.read_bytes,
                file_name=backup.path.name,
                on_click="ignore",
                key=f"download-{backup.path.name}",
            )
            if st.button("Restore …", key=f"restore-{backup.path.name}"):
                _confirm(store, backup)


def _described(backup: Backup) -> str:
    return f"{backup.made_at:%Y-%m-%d %H:%M:%S} UTC · {backup.size / MEGABYTE:,.1f} MB"


@st.dialog("Go back to this backup?")
def _confirm(store: Store, backup: Backup) -> None:
    st.write(
        f"All runs and annotations become what they were at {backup.made_at:%Y-%m-%d %H:%M} UTC, "
        "for everybody. What is there now is moved aside, not deleted."
    )
    if st.button("Restore", type="primary"):
        try:
            store.close()
        except StoreError as error:
            st.error(str(error), icon="⚠️")
            return
        _put_back(store.path, backup)


def offer_restore(database: Path, error: StoreError) -> None:
    """In place of the app where the database cannot be read: the newest copy, one click away."""
    st.error(str(error), icon="⛔")
    newest = next(iter(list_backups(database)), None)
    if newest is None:
        st.info("There is no backup of it.", icon="🗄️")
        return
    st.info(f"The newest backup: {_described(newest)}.", icon="🗄️")
    if st.button("Restore it", type="primary"):
        _put_back(database, newest)


def _put_back(database: Path, backup: Backup) -> None:
    try:
        aside = restore(database, backup.path)
    except StoreError as error:
        st.error(str(error), icon="⚠️")
        return
    st.cache_resource.clear()
    if aside is not None:
        st.toast(f"What was there lies at {aside}.", icon="📦")
    st.rerun()
