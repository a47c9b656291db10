"""What a language must bring: its words, how it joins them, and how it frames a prompt in each composition style."""

from collections.abc import Callable
from dataclasses import dataclass

Words = tuple[str, ...]


@dataclass(frozen=True)
class Language:
    """Phrasing of one language. Templates are `str.format` strings; `{n}` is the number of stages.

    `openings[style]` introduces the tasks of several-stage prompts and `single_openings[style]` a lone one. `connectives` are
    (first, middle…, last) for running prose, where `lower_first` joins an instruction to its connective.
    """

    code: str
    nouns: Words
    adjectives: Words
    verbs: Words
    names: Words
    things: Words
    subjects: Words
    weekdays: Words
    ordinals: Words
    join: Callable[[list[str]], str]
    lower_first: Callable[[str], str]
    openings: dict[str, Words]
    single_openings: dict[str, Words]
    context_leads: Words
    rules_lead: str
    formats: Words
    single_formats: Words
    first_connectives: Words
    middle_connectives: Words
    last_connectives: Words
    letter_greetings: Words
    letter_closings: Words
    postscript: str
    table_head: tuple[str, str]
