"""What we or the operator did wrong; each error tells the reader what to do next."""

from collections.abc import Mapping, Sequence


class TenggatError(Exception):
    """The root of our errors; `exit_code` is what the command line ends with."""

    exit_code = 2


class NotReady(TenggatError):
    """The environment is not ready: a setting, the database, a token."""

    exit_code = 3


class MissingSettings(NotReady):
    def __init__(self, names: Sequence[str], purpose: str) -> None:
        super().__init__(f"{purpose} needs {', '.join(names)}: set in the environment (see .env.example).")


class UnknownSetting(NotReady):
    def __init__(self, name: str, nearest: str | None) -> None:
        hint = f"did you mean {nearest}?" if nearest else "see .env.example for those that exist."
        super().__init__(f"{name} is not a setting: {hint}")


class BadSetting(NotReady):
    def __init__(self, name: str, expected: str) -> None:
        super().__init__(f"{name}: expected {expected}.")


class DatabaseAway(NotReady):
    def __init__(self, where: str, cause: str) -> None:
        super().__init__(f"The database {where} does not answer ({cause}). Start it or set BOT_DATABASE_URL.")


class DatabaseNotMigrated(NotReady):
    def __init__(self, found: str | None, expected: str) -> None:
        super().__init__(
            f"The database is at revision {found or 'none'}, this release needs {expected}:"
            " run `tenggat db upgrade`."
        )


class LedgerForked(NotReady):
    """The ledger contradicts a checkpoint that was signed for it; nothing more is signed, and nothing sent."""

    def __init__(self, how: str) -> None:
        super().__init__(
            f"The ledger is not the one that was sealed: {how}. Look at it with `tenggat ledger verify`; if it is"
            " an older copy of the database that you mean to go on with, say so with `tenggat ledger restored`."
        )


class NothingHeld(TenggatError):
    """There is no restore whose sends could be released."""

    def __init__(self) -> None:
        super().__init__("No sends are held. After a restore, say so first: `tenggat ledger restored`.")


class OtherLedgerKey(LedgerForked):
    """Checkpoints are there that were signed with another key than ours."""

    def __init__(self, which: str) -> None:
        NotReady.__init__(
            self,
            f"The ledger was sealed with another key: {which} is not signed with the one that comes of this"
            " BOT_SECRET_KEY. Set the one that this database was made with.",
        )


class OutsideAway(NotReady):
    """The place where checkpoints go besides does not answer, or does not take them."""

    def __init__(self, where: str, reason: str) -> None:
        super().__init__(f"{where} takes no checkpoint ({reason}): look at it, and at BOT_CHECKPOINTS.")


class CannotListen(NotReady):
    def __init__(self, host: str, port: int, reason: str) -> None:
        super().__init__(
            f"Cannot listen on {host}, port {port} ({reason}): set PORT, or --host, to a free one."
        )


class BadFile(TenggatError):
    """An input file that cannot be used; says where and what was expected."""

    def __init__(self, path: str, problem: str, *, line: int | None = None, key: str | None = None) -> None:
        self.problem, self.key = problem, key
        place = path + (f", line {line}" if line is not None else "") + (f", key `{key}`" if key else "")
        super().__init__(f"{place}: {problem}")


class NoRoomForTemporary(TenggatError):
    def __init__(self, cause: str) -> None:
        super().__init__(
            f"What is temporary cannot be kept ({cause}): make room in the system's temporary folder, or name another"
            " one by SQLITE_TMPDIR, and do the same again. What was done so far stays."
        )


class BackupElsewhere(TenggatError):
    def __init__(self, database: str) -> None:
        super().__init__(
            f"{database} is not a file: use its server's own tool, such as pg_dump --format=custom."
        )


class UnknownZone(TenggatError):
    def __init__(self, name: str, nearest: str | None) -> None:
        self.nearest = nearest
        hint = f"did you mean {nearest}?" if nearest else "expected an IANA name such as Asia/Jakarta."
        super().__init__(f"There is no time zone `{name}`: {hint}")


class CannotUnlock(NotReady):
    """Credentials that this key does not open."""

    def __init__(self, about: str) -> None:
        super().__init__(
            f"The token of {about} cannot be decrypted with this BOT_SECRET_KEY: set the one that it was added"
            " with, or add it again (`tenggat identity add`)."
        )


class UnknownIdentity(TenggatError):
    def __init__(self, name: str, known: Sequence[str]) -> None:
        there = f"There are: {', '.join(known)}." if known else "None was added: `tenggat identity add`."
        super().__init__(f"There is no identity `{name}` beside those of the environment. {there}")


class IdentityOfEnvironment(TenggatError):
    def __init__(self, name: str, setting: str) -> None:
        super().__init__(f"{name} is the environment's own ({setting}): change it there.")


class IdentityTaken(TenggatError):
    def __init__(self, name: str) -> None:
        super().__init__(f"{name} is there already; `--replace` gives it the new token.")


class AddressesLeft(TenggatError):
    """An identity that people belong to is not removed before it is said what becomes of them."""

    def __init__(self, name: str, count: int, ways: str) -> None:
        super().__init__(f"{count} addresses belong to {name}: say what becomes of them with {ways}.")


class BadIdentityMove(TenggatError):
    def __init__(self, name: str, to: str, why: str) -> None:
        super().__init__(f"The addresses of {name} cannot go to {to}: {why}.")


class AmbiguousIdentity(TenggatError):
    def __init__(self, ending: str, count: int) -> None:
        super().__init__(f"{count} identities end in `{ending}`: give the whole number or id.")


class BadToken(TenggatError):
    """What was given is no token; the text is not repeated."""

    def __init__(self, expected: str) -> None:
        super().__init__(f"That is no token: expected {expected}.")


class NoToken(TenggatError):
    def __init__(self, what: str, where: str) -> None:
        super().__init__(f"Expected {what} {where}; a token never stands on the command line.")


class UnknownCampaign(TenggatError):
    def __init__(self, slug: str, known: Sequence[str]) -> None:
        there = (
            f"There are: {', '.join(known)}." if known else "None is loaded: `tenggat campaign load FILE`."
        )
        super().__init__(f"There is no campaign `{slug}`. {there}")


class UnknownRecipient(TenggatError):
    def __init__(self, ref: str) -> None:
        super().__init__(f"There is no recipient `{ref}`; import it with `tenggat recipients import FILE`.")


class UnknownReceipt(TenggatError):
    def __init__(self, code: str) -> None:
        super().__init__(
            f"There is no choice with the receipt `{code}`: expected a code such as TEN-7F3K-92QD-4WX."
        )


class InvalidTransition(TenggatError):
    def __init__(self, act: str, state: str, allowed: Sequence[str]) -> None:
        super().__init__(f"Cannot {act} a campaign that is {state}; it must be {' or '.join(allowed)}.")


class DeadlinePassed(TenggatError):
    def __init__(self, slug: str, deadline: str) -> None:
        super().__init__(
            f"The deadline of `{slug}` ({deadline}) has passed, so it cannot be started. Make your own from it:"
            f" `tenggat campaign new --from {slug} --deadline YYYY-MM-DD`."
        )


class CampaignLocked(TenggatError):
    """A campaign cannot be rewritten any more."""

    def __init__(self, slug: str, state: str) -> None:
        super().__init__(
            f"`{slug}` is {state} and cannot be rewritten: give the file another slug, or change the date with"
            f" `tenggat campaign move-deadline {slug} YYYY-MM-DD`."
        )


class SlugTaken(TenggatError):
    def __init__(self, slug: str) -> None:
        super().__init__(f"There is a campaign `{slug}` already; choose another name with `--slug`.")


class ApprovalFallen(TenggatError):
    """What was approved is not what the campaign says now."""

    def __init__(self, slug: str) -> None:
        super().__init__(
            f"`{slug}` has changed since it was approved: load its file again, then"
            f" `tenggat campaign approve {slug}`."
        )


class BadMoment(TenggatError):
    """A date or an instant that cannot be used."""

    def __init__(self, what: str, given: str, expected: str) -> None:
        super().__init__(f"{what} cannot be {given}: expected {expected}.")


class FormFaulty(TenggatError):
    """What was filled in cannot be used as it is; says at each field what is wrong with it."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        self.problems = problems
        super().__init__(f"The form cannot be used: see {', '.join(problems)}.")


class UnknownWord(TenggatError):
    """A word that has no meaning where it stands."""

    def __init__(self, where: str, word: str, known: Sequence[str]) -> None:
        super().__init__(f"{where} cannot be `{word}`: expected one of {', '.join(known)}.")


class MissingWords(TenggatError):
    def __init__(self) -> None:
        super().__init__("Give the words of a reply, or `--jsonl` and lines on stdin.")


class SameApprover(TenggatError):
    def __init__(self, author: str) -> None:
        super().__init__(
            f"`{author}` wrote this campaign and cannot approve it; someone else must (`--by STAFF`),"
            " or the file says `single_operator = true`."
        )


class NothingProposed(TenggatError):
    def __init__(self, slug: str) -> None:
        super().__init__(
            f"`{slug}` has started and no change of it waits for approval: propose one first, such as"
            f" `tenggat campaign move-deadline {slug} YYYY-MM-DD`."
        )


class AudienceDiffers(TenggatError):
    """The approver has another number of people in mind than the campaign asks."""

    def __init__(self, slug: str, *, given: int, counted: int) -> None:
        self.counted = counted
        super().__init__(
            f"`{slug}` asks {counted} people, not {given}: look at `tenggat campaign status {slug}`, and approve"
            f" with `--audience {counted}` if that is meant."
        )


class Unfair(TenggatError):
    """A campaign that breaks rules of fairness; `findings` says which, where and what to do."""

    exit_code = 1

    def __init__(self, slug: str, findings: Sequence[Mapping[str, str | int]]) -> None:
        self.findings = findings
        rules = sorted({int(finding["rule"]) for finding in findings})
        super().__init__(
            f"`{slug}` is not fair by rule {', '.join(map(str, rules))} (docs/fairness.md): mend it, and look"
            f" again with `tenggat campaign lint {slug}`."
        )


class CannotInvite(TenggatError):
    """Links of this campaign would lead nowhere."""

    def __init__(self, slug: str, why: str) -> None:
        super().__init__(f"Nobody can be invited to `{slug}`: {why}, so that its links would lead nowhere.")


class BadBotName(TenggatError):
    def __init__(self, given: str) -> None:
        super().__init__(f"--bot cannot be `{given}`: expected the bot's username, such as example_bot.")


class TooManyTesters(TenggatError):
    def __init__(self, count: int, *, most: int) -> None:
        super().__init__(f"A test goes to at most {most} testers, not {count}: give fewer of them.")


class NoBotYet(NotReady):
    """Nobody has ever been up here who could write to this place."""

    def __init__(self, place: str) -> None:
        super().__init__(
            f"No bot has been up on this database that can write to {place}: set its token and run"
            " `tenggat up` once."
        )


class BadKey(TenggatError):
    def __init__(self, given: str) -> None:
        super().__init__(f"`{given}` is not a public key: expected NAME+ID+KEY, as ledger.pub has it.")


class NotSavedInTime(TenggatError):
    """A transaction was given up, uncommitted, since it took too long."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"The database took more than {seconds} s; nothing of this was saved.")


class MessageTooLong(TenggatError):
    """A text that its channel would not take whole; it is never cut."""

    def __init__(
        self, channel: str, kind: str, locale: str, *, size: int, limit: int, unit: str = "characters"
    ) -> None:
        self.kind = kind
        super().__init__(
            f"The {kind} in `{locale}` has {size} {unit}, {channel} takes {limit}: shorten the template's"
            f" words in locales/{locale}."
        )


class ChannelRefused(NotReady):
    """A platform does not accept our token."""

    def __init__(self, channel: str, reason: str, *, setting: str) -> None:
        super().__init__(
            f"{channel} does not accept us ({reason}): {setting} holds the wrong token or an old one."
        )


class ChannelAway(NotReady):
    """A platform does not answer."""

    def __init__(self, channel: str, reason: str, *, setting: str) -> None:
        super().__init__(
            f"{channel} does not answer ({reason}): look at the network, and at {setting} if you set it."
        )
