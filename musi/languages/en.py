"""English: words, sentences, numbers in words, and the frames of prompts."""

from musi.languages.language import Language
from musi.rng import Stream

NOUNS = tuple(
    """
    acorn anchor apple arrow badge basket beach bell bench bird blanket boat book bottle branch bread bridge broom brush
    bucket button cabin camera candle canoe carpet carrot castle cedar chain chair cherry circle clock cloud coat comet
    copper corner cotton cradle crown cup curtain daisy desert desk diary dinner doctor donkey door dragon drum eagle engine
    envelope falcon feather fence ferry fiddle field finger flag flute forest fork fountain fox garden garlic gate ginger
    glass glove goat grape guitar hammer harbour hat hazel helmet hill honey horse hotel island ivory jacket jar jelly jewel
    kettle kitchen kite ladder lake lamp lantern leaf lemon letter lily lion lizard magnet mango maple marble market meadow
    medal melon mirror mitten monkey moon mountain mouse museum needle nest net nut oak ocean olive onion orange orchard
    otter oven owl paddle palace panda paper parrot path peach pear pebble pencil penguin pepper piano pillow pirate planet
    plate pocket poet pond potato prince pumpkin puppet puzzle quarry quilt rabbit radio raft rain ribbon rice river robin
    rocket roof rope rose ruler saddle sailor salad salmon salt sand saw scarf school shell ship shoe shovel silver sister
    skate sled snail snow soap sock spider spoon spring squirrel stable star stone storm stove sugar sunset swan table
    teapot temple tent thunder ticket tiger tomato tower train tree trumpet tulip tunnel turtle umbrella valley vase velvet
    village violin wagon wallet walnut water whale wheat wheel whistle willow window winter wizard wolf yarn yogurt zebra
    """.split()
)
OF_PEOPLE = tuple(
    """
    brave busy calm careful cheerful clever curious famous friendly gentle grumpy happy honest hungry jolly kind lazy lonely loud
    lucky modest nervous noisy old patient polite proud quick quiet shy sleepy tall tired wise young
    """.split()
)
OF_THINGS = tuple(
    """
    amber ancient big blue bright broad brown cheap clean cosy crooked dark dusty empty faded fancy golden green grey heavy
    hidden hollow huge little long narrow neat new old pale pink plain purple rare red round rusty sharp shiny short silver
    simple small smooth soft square steep striped strong sturdy tiny white wide wild wooden yellow
    """.split()
)
VERBS = tuple(
    """
    admired borrowed bought carried chased cleaned collected counted covered described discovered drew dropped fetched
    followed found guarded hid ignored inspected kept lifted lost measured mended moved noticed opened packed painted
    photographed polished praised pulled pushed repaired returned saved sketched sold studied touched traded washed watched
    weighed wrapped
    """.split()
)
NAMES = tuple(
    """
    Ada Alan Alice Amir Anna Ben Bruno Carla Carlos Cara Clara Daniel Diana Dora Edgar Elena Elias Emma Erik Eva Felix Fiona
    Frank Gina Grace Hanna Hugo Ida Igor Irene Ivan Jack Jane Jonas Julia Karl Kate Laura Leo Lena Liam Lucy Marco Maria
    Martin Maya Mia Nadia Nina Noah Nora Oliver Olga Oscar Paula Peter Petra Quinn Rita Robert Rosa Ruth Sam Sara Simon
    Sofia Stella Theo Tina Tom Uma Vera Victor Viola Walter Wendy Yara Zoe
    """.split()
)
THINGS = tuple(
    """
    apples axes bags balls baskets beads bells belts blankets boots bottles bowls boxes bricks brooms brushes buckets
    buttons candles caps chairs clocks coats coins combs crates cups desks dishes drums eggs fans flags flutes forks gloves
    hammers hats helmets hooks jackets jars keys kites knives ladders lamps lanterns lemons locks magnets maps masks medals
    mirrors mugs nails needles nets oars onions oranges paddles pans peaches pears pencils pillows pipes plates pumps
    puzzles rakes ribbons rings robes ropes rugs rulers sacks saddles scarves shells shirts shovels sleds spoons stamps
    stools stoves tables tents tickets tiles towels trumpets umbrellas vases violins whistles
    """.split()
)
OBJECTS = tuple(
    """
    acorn anchor apple arrow badge basket bell bench blanket boat book bottle branch bridge broom brush bucket button cabin
    camera candle canoe carpet cart castle chain chair clock coat cottage crown cup curtain desk diary door drum engine envelope
    feather fence ferry flag flute fork fountain garden gate glass glove guitar hammer hat helmet jacket jar jewel kettle kite
    ladder lamp lantern leaf letter magnet map marble medal mirror mitten mug needle nest net oven paddle painting parcel
    pebble pencil photograph piano pillow pipe plate pocket pot puppet puzzle quilt radio raft ribbon ring rocket roof rope
    ruler saddle sail saw scarf shell ship shoe shovel sled sock spoon stamp star statue stove table tablecloth teapot tent
    ticket tile tower train tray trumpet trunk umbrella vase violin wagon wall wallet wheel whistle window
    """.split()
)
SUBJECTS = tuple(
    """
    actor artist baker barber boy captain carpenter chemist child clerk cook dancer dentist doctor driver farmer fisherman
    gardener girl guard guest hunter judge king lawyer mayor mechanic merchant miller miner musician neighbour nurse painter
    pilot plumber poet postman potter prince princess printer queen sailor scientist shepherd singer soldier student tailor
    teacher tourist traveller visitor waiter weaver widow wizard writer
    """.split()
)


CARRIED = tuple(
    """
    apples axe ball balloons banner basket biscuits blanket bowls bread broom bucket butter cake camera candles carpet carrots
    chairs charcoal cheese cherries coffee cups cushions dishes drinks drum eggs firewood flag flowers flute forks games grapes
    grill guitar hammock honey jam jug kettle kite knives ladder lamp lanterns lemonade map matches melon milk mugs mustard
    napkins nuts olives onions oranges pancakes parasol peaches pears pillows plates plums potatoes puppets radio raft rice rope
    rug salad salt sandwiches saucepan sausages soup spoons stools stove strawberries sugar sunshade table tea telescope tent
    thermos ticket tomatoes towels trumpet umbrella violin walnuts water whistle
    """.split()
)
PLACES = tuple(
    """
    Athens Barcelona Basel Berlin Bologna Bordeaux Bremen Brussels Budapest Cologne Copenhagen Cordoba Dresden Dublin Edinburgh
    Florence Frankfurt Geneva Genoa Ghent Glasgow Granada Hamburg Hanover Helsinki Krakow Leipzig Lille Lisbon Liverpool London
    Lyon Madrid Malaga Marseille Milan Munich Nantes Naples Nice Nuremberg Oslo Oxford Palermo Paris Pisa Porto Prague Riga Rome
    Rotterdam Salzburg Seville Siena Sofia Stockholm Strasbourg Toulouse Turin Valencia Venice Verona Vienna Warsaw Zagreb Zurich
    """.split()
)
UNITS = {
    "mm": "millimetres",
    "cm": "centimetres",
    "m": "metres",
    "km": "kilometres",
    "g": "grams",
    "kg": "kilograms",
    "ml": "millilitres",
    "l": "litres",
    "s": "seconds",
    "min": "minutes",
    "h": "hours",
    "d": "days",
    "w": "weeks",
}
SMALL = tuple(
    """
    zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen
    nineteen
    """.split()
)
TENS = tuple("twenty thirty forty fifty sixty seventy eighty ninety".split())


def sentence(rng: Stream) -> str:
    """`The tired baker painted the green gate.`"""
    who, what = f"{rng.choice(OF_PEOPLE)} {rng.choice(SUBJECTS)}", f"{rng.choice(OF_THINGS)} {rng.choice(OBJECTS)}"
    return f"The {who} {rng.choice(VERBS)} the {what}."


def number_words(n: int) -> str:
    """British style: `three hundred and forty-seven`."""
    if n < 20:
        return SMALL[n]
    if n < 100:
        return TENS[n // 10 - 2] + (f"-{SMALL[n % 10]}" if n % 10 else "")
    size, name = (100, "hundred") if n < 1_000 else (1_000, "thousand")
    head, rest = divmod(n, size)
    text = f"{number_words(head)} {name}"
    if not rest:
        return text
    return f"{text}{' and ' if rest < 100 else ' '}{number_words(rest)}"


def join(parts: list[str]) -> str:
    """`a, b and c`."""
    return " and ".join([", ".join(parts[:-1]), parts[-1]]) if len(parts) > 1 else parts[0]


def lower_first(sentence: str) -> str:
    """The sentence as it stands after a connective; only safe because no instruction opens with a name or `I`."""
    return sentence[0].lower() + sentence[1:]


LANGUAGE = Language(
    code="en",
    label="English",
    nouns=NOUNS,
    names=NAMES,
    things=THINGS,
    carried=tuple(f"the {thing}" for thing in CARRIED),
    places=PLACES,
    colours=("red", "blue", "green", "yellow", "white", "black", "brown", "grey", "orange", "purple", "pink", "silver"),
    weekdays=("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    ordinals=("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth"),
    months=tuple("January February March April May June July August September October November December".split()),
    units=UNITS,
    sentence=sentence,
    number_words=number_words,
    comma=", ",
    join=join,
    lower_first=lower_first,
    sort_key=str.casefold,
    alphabet="abcdefghijklmnopqrstuvwxyz",
    vowels="aeiou",
    thousands=",",
    openings={
        "numbered": (
            "Here are {n} tasks.",
            "Please complete these {n} tasks.",
            "Work through the {n} numbered tasks below.",
            "There are {n} things to do.",
            "Below is a list of {n} tasks for you.",
        ),
        "prose": (
            "I need {n} things from you.",
            "There are {n} things I would like you to do.",
            "Please do the following {n} things for me.",
            "I have {n} small jobs for you.",
        ),
        "bullets": (
            "Here is what I need, in {n} points.",
            "Please deal with each of the {n} points below.",
            "My list below has {n} points.",
            "Please go through the {n} points below from top to bottom.",
        ),
        "letter": (
            "I hope this finds you well. I have {n} requests.",
            "Thank you for your help last week. This time I have {n} requests.",
            "I am writing to ask you for {n} things.",
            "Could you help me with {n} things?",
        ),
        "table": (
            "The table lists {n} tasks.",
            "Work down the table below; it has {n} tasks.",
            "Each of the {n} rows of this table is a task.",
        ),
    },
    single_openings={
        "numbered": ("Here is a task.", "Please complete this task.", "There is one thing to do."),
        "prose": ("I need one thing from you.", "Please do the following for me.", "I have a small job for you."),
        "bullets": ("Here is what I need.", "Please deal with the point below.", "My list below has one point."),
        "letter": ("I hope this finds you well. I have one request.", "I am writing to ask you for one thing."),
        "table": ("The table lists one task.", "The only row of this table is a task."),
    },
    context_leads=(
        "Some background first.",
        "You will need these notes.",
        "Keep the following in mind.",
        "Notes:",
        "Background:",
    ),
    rules_lead="These rules hold for every answer:",
    formats=(
        "Give the {n} answers in the order of the tasks. Above each answer put a line with only its number in square brackets,"
        " from [1] to [{n}]. Write the answers only, nothing else.",
        "Answer in the same order. Before each answer put a line that says only which one it is, [1] for the first and [{n}] for"
        " the last. Do not repeat the tasks and do not explain.",
        "Reply with {n} answers, one after the other, and no explanations. Start each with its number in square brackets, [1] to"
        " [{n}], on a line of its own, and write the answer on the next line.",
        "Write nothing but the {n} answers, in order. Each one goes below a header line that holds its number alone, in square"
        " brackets: the first is [1], the last is [{n}].",
    ),
    single_formats=(
        "Above the answer put a line with only [1]. Write the answer only, nothing else.",
        "Put a line that says only [1] before the answer. Do not repeat the task and do not explain.",
        "Reply with the answer and no explanation. Start with [1] on a line of its own, and write the answer on the next line.",
        "Write nothing but the answer. It goes below a header line: [1].",
    ),
    first_connectives=("First,", "To begin with,", "First of all,"),
    middle_connectives=("Then", "After that,", "Next,", "Once that is done,", "When you have that,", "Following that,"),
    last_connectives=("Finally,", "Last of all,", "To finish,", "As the last step,"),
    letter_greetings=("Dear {name},", "Hello {name},", "Good morning {name},", "Hi {name},"),
    letter_closings=("Many thanks,\n{name}", "Best wishes,\n{name}", "Kind regards,\n{name}", "Thank you,\n{name}"),
    postscript="P.S. {text}",
    table_head=("Task", "What to do"),
)
