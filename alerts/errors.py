"""
Why an alert was not taken.

* AlertError
  + AlertSyntaxError    the line is not of the alert language
  + RuleGone            the alert was deleted, or is someone else's
  + TooManyAlerts       the user's cap is reached
  + TooManyScans        IBKR allows ten active scans
  + NoSuchChat          `to @name` names no allowed chat of which the owner is a member
  + NotEvaluable        a stored condition does not make sense to the engine
"""


class AlertError(Exception):
    """Anything about an alert that could not be done."""


class AlertSyntaxError(AlertError):
    """
    The line is not of the alert language.

    *position* is the offset (in characters) of the first thing not understood, *expected* what could stand there,
    *examples* two lines that would work (for a number that reads two ways: the line with each reading).
    *suggestion* is the word that was probably meant ("crosses" for "croses"), or empty. *readings* are the lines of
    which one is surely meant (`199,500`): the person may choose.
    """

    def __init__(
        self,
        text: str,
        position: int,
        expected: str,
        examples: tuple[str, ...],
        suggestion: str = "",
        readings: tuple[str, ...] = (),
    ) -> None:
        super().__init__(text, position, expected)
        self.text = text
        self.position = position
        self.expected = expected
        self.examples = examples
        self.suggestion = suggestion
        self.readings = readings


class RuleGone(AlertError):
    """There is no rule *rule_id* of this user."""

    def __init__(self, rule_id: int) -> None:
        super().__init__(rule_id)
        self.rule_id = rule_id


class TooManyAlerts(AlertError):
    """The user has *cap* alerts already."""

    def __init__(self, cap: int) -> None:
        super().__init__(cap)
        self.cap = cap


class TooManyScans(AlertError):
    """All of IBKR's *cap* scan subscriptions are in use."""

    def __init__(self, cap: int) -> None:
        super().__init__(cap)
        self.cap = cap


class NoSuchScan(AlertError):
    """
    IBKR's scanner knows no *word* of this *kind* ("scan", "location", "filter"), or not together with the rest.

    *nearest* are what may have been meant, the likeliest first; *place* is the location where a scan of that code does
    not run, "" where the word is unknown altogether.
    """

    def __init__(self, kind: str, word: str, nearest: tuple[str, ...], place: str = "") -> None:
        super().__init__(kind, word)
        self.kind = kind
        self.word = word
        self.nearest = nearest
        self.place = place


class NoSuchProvider(AlertError):
    """The account has no news provider *code*; *known* are those that it has."""

    def __init__(self, code: str, known: tuple[str, ...]) -> None:
        super().__init__(code)
        self.code = code
        self.known = known


class NoSuchChat(AlertError):
    """There is no allowed chat *name* of which the rule's owner is a member."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class NotEvaluable(AlertError):
    """The engine cannot evaluate *what* (a rule that carries this becomes BLIND)."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what
