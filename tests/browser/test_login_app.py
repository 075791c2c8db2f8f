"""People log in at a real OpenID Connect provider and have the roles that a study grants."""

import subprocess
import sys
import time
import urllib.error
import urllib.request

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from servers import ROOT, free_port, streamlit_server, warm_up

from itlim.records import Role
from tests.marked_studies import made
from tests.oidc_provider import CLIENT_ID, CLIENT_SECRET

pytestmark = [pytest.mark.browser, pytest.mark.full]
SLOW = 90_000
NOT_AN_ADJUDICATOR = "Only the adjudicators of this study see the marks of others."
PEOPLE = {
    "ann@example.org": Role.ANNOTATOR,
    "zoe@example.org": Role.ADJUDICATOR,
    "ada@example.org": Role.ADMIN,
}


@pytest.fixture(scope="module")
def provider():
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, str(ROOT / "tests" / "oidc_provider.py"), str(port)]
    )
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(200):
            try:
                urllib.request.urlopen(f"{address}/jwks", timeout=1)
                break
            except (urllib.error.URLError, OSError):
                time.sleep(0.1)
        yield address
    finally:
        process.terminate()
        process.wait(10)


@pytest.fixture(scope="module")
def app(provider, tmp_path_factory):
    home = tmp_path_factory.mktemp("home")
    made(home, people=PEOPLE, annotators_per_item=3)
    secrets = home / "secrets.toml"
    secrets.write_text(
        "[auth]\n"
        'redirect_uri = "http://127.0.0.1:{port}/oauth2callback"\n'
        'cookie_secret = "a long and random text, for tests alone"\n'
        f'client_id = "{CLIENT_ID}"\n'
        f'client_secret = "{CLIENT_SECRET}"\n'
        f'server_metadata_url = "{provider}/.well-known/openid-configuration"\n'
    )
    with streamlit_server(
        ROOT / "app.py",
        home,
        ITLIM_HOME=str(home),
        ITLIM_DB=str(home / "itlim.duckdb"),
        STREAMLIT_SECRETS_FILES=str(secrets),
    ) as address:
        # As in `make run`: without it, the first deep link opens a dialog over the page.
        warm_up(address)
        yield address


@pytest.fixture(scope="module")
def machine(browser: Browser):
    """A context of its own, because all ports of 127.0.0.1 share their cookies."""
    context = browser.new_context(viewport={"width": 1360, "height": 900})
    context.set_default_timeout(30_000)
    yield context
    context.close()


@pytest.fixture
def visitor(machine: BrowserContext):
    """A page without cookies."""
    machine.clear_cookies()
    page = machine.new_page()
    yield page
    page.close()


def log_in(page: Page, app: str, account: str, where: str = "annotate") -> None:
    page.goto(f"{app}/{where}?study=dogs")
    page.get_by_role("button", name="Log in").click(timeout=SLOW)
    # Exact, because the menu of the app has a button "Annotate", which contains "ann".
    page.get_by_role("button", name=account, exact=True).click()
    page.wait_for_url(f"{app}/**", timeout=SLOW)
    # The login returns to the first page; the cookie is valid on all pages.
    page.goto(f"{app}/{where}?study=dogs")


def settings(page: Page):
    """The choice that opens the settings of a study; only admins have it."""
    return page.get_by_role("radio", name="Study", exact=True)


def test_the_name_is_the_verified_address_and_cannot_be_typed(app, visitor):
    visitor.goto(f"{app}/annotate?study=dogs")
    expect(visitor.get_by_text("Log in to annotate.")).to_be_visible(timeout=SLOW)
    expect(visitor.get_by_role("combobox", name="Your name")).to_have_count(0)
    expect(visitor.locator(".mv")).to_have_count(0)
    log_in(visitor, app, "ann")
    expect(visitor.get_by_text("Logged in as ann@example.org")).to_be_visible(timeout=SLOW)
    visitor.wait_for_selector(".mv[data-ready]", timeout=SLOW)
    expect(visitor.get_by_role("combobox", name="Your name")).to_have_count(0)
    visitor.goto(f"{app}/adjudicate?study=dogs&annotator_name=zoe@example.org")
    expect(visitor.get_by_text("Logged in as ann@example.org")).to_be_visible(timeout=SLOW)
    expect(visitor.get_by_text(NOT_AN_ADJUDICATOR)).to_be_visible(timeout=SLOW)
    expect(visitor.get_by_role("tab")).to_have_count(0)


def test_an_adjudicator_can_adjudicate_but_does_not_see_the_settings(app, visitor):
    log_in(visitor, app, "zoe", "adjudicate")
    expect(visitor.get_by_role("tab", name="Agreement")).to_be_visible(timeout=SLOW)
    visitor.goto(f"{app}/annotate?study=dogs")
    visitor.wait_for_selector(".mv[data-ready]", timeout=SLOW)
    expect(settings(visitor)).to_have_count(0)


def test_an_admin_sees_the_settings(app, visitor):
    log_in(visitor, app, "ada")
    settings(visitor).click(timeout=SLOW)
    expect(visitor.get_by_role("button", name="Save as a new version")).to_be_visible(timeout=SLOW)


def test_people_who_are_not_on_the_list_cannot_annotate(app, visitor):
    log_in(visitor, app, "eve")
    expect(visitor.get_by_text("Logged in as eve@example.org")).to_be_visible(timeout=SLOW)
    said = visitor.get_by_text("You are not a member of this study.")
    expect(said).to_be_visible(timeout=SLOW)
    expect(visitor.locator(".mv")).to_have_count(0)


def test_an_unverified_address_grants_no_role(app, visitor):
    log_in(visitor, app, "mallory", "adjudicate")
    expect(visitor.get_by_text("Logged in as id-of-mallory")).to_be_visible(timeout=SLOW)
    expect(visitor.get_by_text(NOT_AN_ADJUDICATOR)).to_be_visible(timeout=SLOW)


def test_logging_out_ends_access(app, visitor):
    log_in(visitor, app, "ann")
    visitor.get_by_role("button", name="Log out").click(timeout=SLOW)
    visitor.wait_for_timeout(1000)
    visitor.goto(f"{app}/annotate?study=dogs")
    expect(visitor.get_by_role("button", name="Log in")).to_be_visible(timeout=SLOW)
    expect(visitor.locator(".mv")).to_have_count(0)


def test_a_forged_cookie_does_not_log_in(app, visitor):
    log_in(visitor, app, "ann")
    expect(visitor.get_by_text("Logged in as ann")).to_be_visible(timeout=SLOW)
    cookies = [one for one in visitor.context.cookies() if "user" in one["name"]]
    assert cookies
    forged = [one | {"value": one["value"][:-6] + "AAAAAA"} for one in cookies]
    visitor.context.add_cookies(forged)
    visitor.goto(f"{app}/annotate?study=dogs")
    expect(visitor.get_by_role("button", name="Log in")).to_be_visible(timeout=SLOW)
