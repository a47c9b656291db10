"""The gallery: three stages of every family in every language, and of every constraint, as Markdown to be read by people.

### capital_of · facts · instruction memory · text
- de: Wie heißt die Hauptstadt von Kenia? → `Nairobi`
"""

from collections.abc import Iterator
from itertools import islice

from musi.compose import apply_rules
from musi.constraints import ConstraintKind, offered
from musi.families import FAMILIES, Family
from musi.languages import LANGUAGES, Language
from musi.rng import Stream

EXAMPLES = 3
MAX_ANSWER = 300
HEAD = """# Gallery

Three examples of every family in every language that offers it, and of every constraint.
Generated: `musi dataset gallery > docs/gallery.md`. What the context tells stands in italics
before the instruction; → marks the gold answer.
"""


def gallery() -> str:
    """The whole page, the same on every machine."""
    parts = [HEAD]
    for group in dict.fromkeys(family.group for family in sorted(FAMILIES.values(), key=lambda family: family.group)):
        parts.append(f"\n## {group[0].upper()}{group[1:]}\n")
        for family in FAMILIES.values():
            if family.group == group:
                parts.append(f"\n### {family.name} · {family.memory} memory · {family.answer}\n\n")
                parts += [line for lang in LANGUAGES.values() if family.asks(lang) for line in _stages(family, lang)]
    parts.append("\n## Constraints\n")
    for rule in offered(LANGUAGES["en"]):
        parts.append(f"\n### {rule.name}\n\n")
        parts += [line for lang in LANGUAGES.values() if rule.says(lang) for line in _rules(rule, lang)]
    return "".join(parts)


def _stages(family: Family, lang: Language) -> Iterator[str]:
    for i in range(EXAMPLES):
        rng = Stream("gallery", lang.code, family.name, i)
        params = family.generate(rng, lang)
        slots = family.slots(params, lang)
        told = f"*{rng.choice(tells).format(**slots)}* " if (tells := family.tells(lang)) else ""
        yield f"- {lang.code}: {told}{rng.choice(family.asks(lang)).format(**slots)} → {_code(family.solve(params, lang))}\n"


def _rules(rule: ConstraintKind, lang: Language) -> Iterator[str]:
    def examples() -> Iterator[str]:
        for i in range(1_000):
            rng = Stream("gallery", lang.code, rule.name, i)
            family = rng.choice([family for family in FAMILIES.values() if family.asks(lang) and family.answer in rule.kinds])
            plain = family.solve(family.generate(rng, lang), lang)
            params = rule.generate(rng, lang, [plain])
            if params is None:
                continue
            answer = apply_rules(plain, family.answer, [(rule.name, params)], lang)
            if answer != plain or rule.slot == "limit":
                yield f"- {lang.code}: {rng.choice(rule.says(lang)).format(**params)} → {_code(answer)}\n"

    return islice(examples(), EXAMPLES)


def _code(answer: str) -> str:
    """An answer on one line, as Markdown shows it untouched."""
    short = answer if len(answer) <= MAX_ANSWER else f"{answer[:MAX_ANSWER]}…"
    fence = "``" if "`" in short else "`"
    return f"{fence}{short.replace(chr(10), ' ⏎ ')}{fence}"
