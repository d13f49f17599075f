"""The staff pages: who comes in, what each may see and do, and what nobody can make them do."""

import re
from dataclasses import replace
from datetime import timedelta
from html import unescape

import httpx
import pytest
from sqlmodel import select

from bot.app import Reception
from bot.domain.order import ACTS
from bot.domain.roles import Act, Role, may
from bot.store import campaigns, inbox, lanes, recipients, staff
from bot.store.models import AuditRow
from bot.web.ingress import ingress
from bot.web.staff.campaigns import DEEDS
from tests.web.desk import ADDRESS, ONE, Browser, link
from tests.worlds import on_telegram

PAGES = {
    "/staff": Act.STATUS,
    "/staff/campaigns/new": Act.EDIT,
    ONE: Act.STATUS,
    f"{ONE}/figures": Act.STATUS,
    f"{ONE}/words": Act.PREVIEW,
    f"{ONE}/preview": Act.PREVIEW,
    f"{ONE}/forecast": Act.FORECAST,
    f"{ONE}/late": Act.FORECAST,
    f"{ONE}/report": Act.REPORT,
    f"{ONE}/report.svg": Act.REPORT,
    f"{ONE}/move-deadline?deadline=2025-10-08": Act.MOVE_DEADLINE,
    "/staff/trouble": Act.STATUS,
    "/staff/ledger": Act.STATUS,
}
FORMS = {
    "/staff/campaigns/new": Act.EDIT,
    f"{ONE}/words": Act.EDIT,
    "/staff/trouble/retry": Act.RETRY,
    **{f"{ONE}/{name}": ACTS[deed.order] for name, deed in DEEDS.items()},
}

SOMEBODY, NOBODY = "u1", "u2"  # of one length


async def audited(reception: Reception) -> list[tuple[str, str, bool]]:
    """(actor, act, allowed) of everything on record."""
    return await reception.database.transact(
        lambda session: [(row.actor, row.act, row.allowed) for row in session.exec(select(AuditRow))]
    )


def _but_for(told: str, answer: httpx.Response) -> str:
    """All that the answer shows, but for what was typed, which stands in its form again."""
    assert answer.text.count(f'value="{told}"') == 1
    return answer.text.replace(f'value="{told}"', "")


def _another_desk(reception: Reception, browser: Browser) -> httpx.AsyncClient:
    """The same person, signed in at a process with other settings."""
    transport = httpx.ASGITransport(ingress(reception).app)
    return httpx.AsyncClient(transport=transport, base_url=ADDRESS, cookies=browser.client.cookies)


async def test_a_link_signs_in_once(come_in, reception, clock):
    """Whoever finds it in a history later finds nothing."""
    browser = await come_in(Role.VIEWER)
    token = await link(reception, browser.member)

    opened = await browser.client.get(f"/staff/sign-in?token={token}")  # as a preview of links does
    first = await browser.client.post("/staff/sign-in", data={"token": token})
    again = await browser.client.post("/staff/sign-in", data={"token": token})

    assert (opened.status_code, first.status_code, again.status_code) == (200, 303, 403)
    assert first.headers["location"] == "/staff"


async def test_a_link_is_good_for_ten_minutes(come_in, reception, clock):
    browser = await come_in(Role.VIEWER)
    token = await link(reception, browser.member)
    await clock.run(clock.now() + timedelta(minutes=10))

    assert (await browser.client.post("/staff/sign-in", data={"token": token})).status_code == 403


async def test_the_cookie_is_kept_from_scripts_and_other_sites(come_in, reception):
    browser = await come_in(Role.VIEWER)

    answer = await browser.client.post(
        "/staff/sign-in", data={"token": await link(reception, browser.member)}
    )

    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Host-tenggat=")
    for mark in ("HttpOnly", "Secure", "SameSite=lax", "Path=/"):
        assert mark in cookie


async def test_a_session_ends_after_twelve_hours_by_signing_out_and_with_the_role(come_in, reception, clock):
    one, two = await come_in(Role.VIEWER, "one"), await come_in(Role.VIEWER, "two")
    three = await come_in(Role.VIEWER, "three")
    await two.send("/staff/sign-out")
    await reception.database.transact(staff.remove, three.member.key)

    ended = [(await browser.get("/staff")).status_code for browser in (one, two, three)]
    await clock.run(clock.now() + timedelta(hours=12))
    later = (await one.get("/staff")).status_code

    assert ended == [200, 303, 303]
    assert later == 303


@pytest.mark.parametrize("path", PAGES)
async def test_whoever_has_not_signed_in_is_led_to_the_door(platforms, campaign, path):
    """And nowhere else, whatever the address says."""
    answer = await platforms.client.get(path)

    assert (answer.status_code, answer.headers["location"]) == (303, "/staff/sign-in")


@pytest.mark.parametrize("role", Role)
async def test_each_role_sees_the_pages_of_its_acts_and_no_others(come_in, reception, role):
    browser = await come_in(role)

    seen = {path: (await browser.get(path)).status_code for path in PAGES}

    assert seen == {path: 200 if may(role, act) else 403 for path, act in PAGES.items()}
    denied = [row for row in await audited(reception) if not row[2]]
    assert len(denied) == sum(not may(role, act) for act in PAGES.values())


@pytest.mark.parametrize("role", Role)
async def test_each_role_may_send_the_forms_of_its_acts_and_no_others(come_in, reception, role):
    """Whatever comes of the form: nobody gets beyond the door of an act that is not theirs."""
    browser = await come_in(role)

    sent = {path: (await browser.send(path)).status_code for path in FORMS}

    assert {path for path, status in sent.items() if status == 403} == {
        path for path, act in FORMS.items() if not may(role, act)
    }
    assert not {status for status in sent.values() if status >= 500}


@pytest.mark.parametrize("path", FORMS)
async def test_a_form_from_elsewhere_does_nothing(come_in, path):
    """Another site can make a browser send a form with its cookies, but not with what guards ours."""
    browser = await come_in(Role.ADMIN)
    before = await browser.state()

    bare = await browser.client.post(path, data={"audience": "0"})
    wrong = await browser.client.post(path, data={"guard": "0" * 64, "audience": "0"})

    assert (bare.status_code, wrong.status_code) == (403, 403)
    assert await browser.state() == before


@pytest.mark.parametrize(
    "elsewhere", ["https://evil.example/", "//evil.example", "/\\evil.example", "\r\nX: y"]
)
async def test_no_page_and_no_form_leads_elsewhere(come_in, platforms, elsewhere):
    """A link to us must not be a way to somebody else's page, whatever is added to it."""
    browser, more = await come_in(Role.ADMIN), {"next": elsewhere, "url": elsewhere, "return": elsewhere}

    answers = [await platforms.client.get(path, params=more) for path in PAGES]
    answers += [await browser.client.get(path, params=more) for path in PAGES]
    for path in FORMS:
        answers.append(await browser.client.post(path, params=more, data={"guard": "0" * 64, **more}))
    language = {"language": "id", **more}
    answers.append(
        await browser.client.post("/staff/language", data=language, headers={"Referer": elsewhere[:9]})
    )

    led = [answer.headers["location"] for answer in answers if "location" in answer.headers]
    assert led
    assert [place for place in led if not re.fullmatch(r"/staff(/[\w/.-]*)?", place)] == []


async def test_nothing_but_our_own_scripts_and_styles_runs_on_any_page(come_in):
    browser = await come_in(Role.ADMIN)
    for path in PAGES:
        answer = await browser.get(path)
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe-inline" not in policy.replace("style-src 'unsafe-inline'", "")
        assert not re.search(r"<script(?![^>]*\bsrc=)|\son\w+=|javascript:", answer.text), path
        assert answer.headers["x-content-type-options"] == "nosniff"


async def test_two_people_take_a_draft_to_its_start(come_in):
    """The one who wrote it cannot approve it, and the number of people has to be typed."""
    editor, approver = await come_in(Role.EDITOR), await come_in(Role.APPROVER)

    await editor.send(f"{ONE}/request")
    wrong = await approver.send(f"{ONE}/approve", audience="7")
    assert (wrong.status_code, await approver.state()) == (422, "in_review")
    assert "0 people" in unescape(wrong.text) or "0" in wrong.text
    await approver.send(f"{ONE}/approve", audience="0")
    assert await approver.state() == "approved"
    await approver.send(f"{ONE}/start")
    await editor.send(f"{ONE}/pause")

    assert await approver.state() == "paused"


async def test_whoever_approves_reads_first_whom_it_does_not_reach_in_time(come_in, reception):
    """At a pace of one message in a week few people hear of it before the deadline."""
    people = list(map(on_telegram, range(1, 6)))
    editor, approver = await come_in(Role.EDITOR), await come_in(Role.APPROVER)
    await reception.database.transact(recipients.put, people, now=reception.clock.now())
    await reception.database.transact(lanes.register, "telegram:1", now=reception.clock.now())
    await editor.send(f"{ONE}/request")

    page, reached = await approver.get(ONE), await approver.get(f"{ONE}/late")
    assert f'hx-get="{ONE}/late"' in page.text
    assert 'class="problem"' not in reached.text

    slow = replace(reception, settings=replace(reception.settings, telegram_rate=1 / 604_800))
    async with _another_desk(slow, approver) as desk:
        assert 'class="problem"' in (await desk.get(f"{ONE}/late")).text


async def test_a_campaign_is_made_on_the_page_and_mistakes_are_named(come_in):
    editor = await come_in(Role.EDITOR)
    form = {
        "slug": "spring",
        "template": "claude-consumer-terms",
        "announce": "2025-09-02",
        "deadline": "2025-09-28",
        "zone": "Asia/Jakarta",
        "authoritative_locale": "id",
        "link": "https://example.com/terms",
        "plans": "pro",
        "max_reminders": "4",
        "min_gap": "24h",
        "from": "09:00",
        "to": "20:30",
    }

    refused = await editor.send("/staff/campaigns/new", **{**form, "zone": "Asia/Jakartaa"})
    made = await editor.send("/staff/campaigns/new", **form)

    assert refused.status_code == 422
    assert "did you mean Asia/Jakarta?" in unescape(refused.text)
    assert 'value="spring"' in refused.text  # nothing typed is lost
    assert made.headers["location"] == "/staff/campaigns/spring"
    found = await editor.reception.database.transact(campaigns.get, "spring")
    assert (found.author, found.state.value) == ("editor", "draft")


async def test_words_are_weighed_before_they_are_kept_and_make_a_draft_again(come_in):
    editor, approver = await come_in(Role.EDITOR), await come_in(Role.APPROVER)
    await approver.send(f"{ONE}/approve", audience="0")
    page = (await editor.get(f"{ONE}/words?locale=en")).text
    places = re.findall(r'<textarea id="([^"]+)"[^>]*>(.*?)</textarea>', page, re.DOTALL)
    typed = {f"at:{place}": unescape(text) for place, text in places}
    pressing = {**typed, "at:notice.headline": "LAST CHANCE to choose"}

    weighed = await editor.send(f"{ONE}/words/weigh", locale="en", **pressing)
    assert "<code>notice" in weighed.text
    assert await editor.state() == "approved"

    kept = await editor.send(
        f"{ONE}/words", locale="en", **{**typed, "at:notice.headline": "A choice for you"}
    )

    assert kept.status_code == 303
    assert await editor.state() == "draft"
    assert "A choice for you" in (await editor.get(f"{ONE}/words?locale=en")).text


async def test_moving_the_deadline_shows_first_what_it_will_do(come_in):
    approver = await come_in(Role.APPROVER)

    weighed = await approver.get(f"{ONE}/move-deadline?deadline=2025-10-08")

    assert "2025-10-08" in weighed.text
    assert (await approver.reception.database.transact(campaigns.get, "terms")).document.deadline.day == 28


async def test_dead_letters_are_shown_and_tried_again(come_in, platforms, reception):
    admin = await come_in(Role.ADMIN)
    await platforms.slack(b"{", kind="application/json")
    assert "slack:T1" in (await admin.get("/staff/trouble")).text

    await admin.send("/staff/trouble/retry")

    assert await reception.database.transact(inbox.dead) == []
    assert (await audited(reception))[-1] == (admin.member.name, "inbox.retry", True)


@pytest.mark.parametrize(
    "path",
    [
        "/staff/campaigns/nix",
        "/staff/campaigns/nix/words",
        "/staff/campaigns/%00",
        "/staff/static/..%2fdesk.py",
    ],
)
async def test_what_is_not_there_is_no_error_of_ours(come_in, path):
    browser = await come_in(Role.ADMIN)

    assert (await browser.get(path)).status_code in (404, 422)


@pytest.mark.parametrize("body", [b"\xff", b"a" * 2_000_000, b"a=1&" * 600, b"", b"guard=" + b"%ff" * 10])
async def test_no_form_is_too_odd(come_in, body):
    browser = await come_in(Role.ADMIN)
    for path in FORMS:
        assert (await browser.client.post(path, content=body)).status_code < 500


async def test_names_are_shown_as_text(come_in):
    """A name may be markup to a browser."""
    browser = await come_in(Role.ADMIN, "<script>alert(1)</script>")

    text = (await browser.get("/staff")).text

    assert "<script>alert" not in text
    assert "&lt;script&gt;" in text


async def test_somebody_is_looked_up_for_a_purpose_and_on_record(come_in, reception):
    """As in the chat: the same card, the same record, and words of their own for nobody."""
    await reception.database.transact(recipients.put, [on_telegram(1)], now=reception.clock.now())
    agent, viewer = await come_in(Role.SUPPORT), await come_in(Role.VIEWER)

    shown = await agent.send("/staff/lookup", told=SOMEBODY, purpose="question")
    nobody = await agent.send("/staff/lookup", told=NOBODY, purpose="question")
    await viewer.send("/staff/lookup", told=SOMEBODY, purpose="question")
    await viewer.send("/staff/lookup", told=NOBODY, purpose="question")

    assert "telegram" in shown.text.lower()
    assert _but_for(SOMEBODY, shown) != _but_for(NOBODY, nobody)
    record = [row for row in await audited(reception) if row[1] == "lookup"]
    assert [allowed for _, _, allowed in record] == [True, True, False, False]


@pytest.mark.parametrize("role", [Role.VIEWER, Role.SUPPORT])
async def test_a_refused_look_up_answers_alike_for_known_and_unknown(come_in, reception, role):
    """By somebody who may not, and by somebody who has had their measure for this hour."""
    now = reception.clock.now()
    await reception.database.transact(recipients.put, [on_telegram(1)], now=now)
    browser = await come_in(role)
    for _ in range(120):
        await reception.database.transact(staff.audit, actor=role.value, act="lookup", allowed=True, now=now)

    known = await browser.send("/staff/lookup", told=SOMEBODY, purpose="question")
    unknown = await browser.send("/staff/lookup", told=NOBODY, purpose="question")

    assert (known.status_code, known.headers) == (unknown.status_code, unknown.headers)
    assert _but_for(SOMEBODY, known) == _but_for(NOBODY, unknown)
    record = [row for row in await audited(reception) if row[1] == "lookup"]
    assert [allowed for _, _, allowed in record[120:]] == [False, False]


async def test_a_language_is_chosen_and_kept(come_in):
    browser = await come_in(Role.VIEWER)

    await browser.client.post("/staff/language", data={"language": "en"})
    english = (await browser.get("/staff")).text
    await browser.client.post("/staff/language", data={"language": "id"})
    indonesian = (await browser.get("/staff")).text

    assert "<h1>Campaigns</h1>" in english
    assert "<h1>Kampanye</h1>" in indonesian
