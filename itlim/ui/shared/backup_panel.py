"""Backups of the database: make, download and restore them."""

from pathlib import Path

import streamlit as st

from itlim.errors import StoreError
from itlim.store.backup import Backup, backup_if_due, list_backups, make_backup
from itlim.store.connection import Store
from itlim.store.restoring import restore
from itlim.text.markdown import as_markdown
from itlim.ui.shared.background_work import BackgroundWork
from itlim.ui.shared.plain_text import show_error

MEGABYTE = 1_000_000


class DailyBackup(BackgroundWork):
    """Makes a backup in the background if the newest is older than a day."""

    def __init__(self, store: Store) -> None:
        super().__init__("itlim-backup")
        self._store = store

    def _work(self) -> None:
        backup_if_due(self._store)


def backup_panel(store: Store) -> None:
    """Draw the list of backups, with buttons to make, download and restore one."""
    st.caption("The database is backed up next to itself once a day; the last 14 backups are kept.")
    if st.button("Make a backup now", icon=":material/database:"):
        made = make_backup(store)
        st.toast(f"Backup saved as {as_markdown(made.path.name)}.", icon=":material/check_circle:")
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


@st.dialog("Restore this backup?")
def _confirm(store: Store, backup: Backup) -> None:
    st.write(
        "All runs and annotations return to their state at "
        f"{backup.made_at:%Y-%m-%d %H:%M} UTC, for everyone. The current database is kept under "
        "another name."
    )
    if st.button("Restore", type="primary"):
        try:
            store.close()
        except StoreError as error:
            show_error(error)
            return
        _restore(store.path, backup)


def offer_restore(database: Path, error: StoreError) -> None:
    """Draw this instead of the app if the database cannot be read: restore the newest backup.

    Args:
        database: the unreadable file.
        error: why it cannot be read.
    """
    show_error(error, icon=":material/block:")
    newest = next(iter(list_backups(database)), None)
    if newest is None:
        st.info("There is no backup of this database.", icon=":material/database:")
        return
    st.info(f"The newest backup was made at {_described(newest)}.", icon=":material/database:")
    if st.button("Restore this backup", type="primary"):
        _restore(database, newest)


def _restore(database: Path, backup: Backup) -> None:
    try:
        aside = restore(database, backup.path)
    except StoreError as error:
        show_error(error)
        return
    st.cache_resource.clear()
    if aside is not None:
        moved = as_markdown(f"Previous database moved to {aside}.")
        st.toast(moved, icon=":material/inventory_2:")
    st.rerun()
