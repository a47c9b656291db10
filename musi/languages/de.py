"""German: words, sentences, numbers in words, and the frames of prompts."""

from musi.languages.language import Language, plain_letters
from musi.rng import Stream

NOUNS = tuple(
    """
    Adler Ampel Anker Apfel Arzt Auge Auto Bach Bad Bahnhof Ball Balkon Bank Baum Becher Berg Besen Bett Biene Bild Birne Blatt
    Blume Boot Brief Brille Brot Brunnen Buch Burg Dach Dorf Drache Ecke Eiche Eimer Eis Ente Esel Eule Fahne Falke Feder
    Feld Fenster Feuer Film Finger Fisch Flagge Flasche Flut Frosch Fuchs Gabel Gans Garten Gast Gipfel Glas Glocke Gold Gras
    Gurke Hafen Hahn Hammer Hase Haus Heft Herbst Himmel Hirsch Hof Honig Horn Hose Hotel Huhn Hund Hut Igel Insel Jacke
    Kaffee Kamel Kamera Kamin Kanne Karte Kasten Katze Keller Kerze Kette Kiefer Kind Kino Kirche Kirsche Kiste Klavier Kleid
    Knopf Koch Koffer Kohl Komet Kompass Kopf Korb Korn Krone Kuchen Kugel Kuh Lampe Land Laterne Laub Leiter Licht Lied Linde
    Linie Lupe Mantel Marke Markt Mauer Maus Meer Messer Milch Mohn Mond Moos Motor Museum Nacht Nadel Nagel Nase Nebel Nest
    Netz Nuss Oase Obst Ofen Onkel Orgel Ort Palast Palme Papier Park Perle Pfad Pfanne Pferd Pilz Pinsel Pirat Planet Platz
    Post Puppe Quelle Rabe Rad Radio Rakete Ratte Regal Regen Reis Ring Ritter Rose Rucksack Ruder Sack Saft Salat Salz Sand
    Schaf Schal Schatz Schere Schiff Schirm Schlange Schloss Schnee Schrank Schuh Schule Schwan See Segel Seife Seil Sessel
    Silber Sofa Sommer Sonne Spaten Spiegel Spiel Stadt Stall Stein Stern Stiefel Stift Storch Strand Stuhl Sturm Tafel Tal
    Tanne Tasche Tasse Taube Teich Teller Tempel Teppich Tiger Tinte Tisch Tomate Topf Tor Traube Treppe Trommel Truhe Tuch
    Tulpe Tunnel Turm Uhr Ufer Vase Vogel Vorhang Waage Wagen Wal Wald Wand Wasser Weg Wein Weizen Welle Wiese Wind Winter Wolf
    Wolke Wurzel Zange Zaun Zebra Zelt Ziege Zimmer Zirkus Zitrone Zucker Zug Zweig Zwiebel
    """.split()
)
NAMES = tuple(
    """
    Adam Alma Amir Anna Anton Ben Bruno Carla Clara Daniel Diana Dora Edgar Elena Elias Ella Emil Emma Erik Eva Felix Fiona
    Frank Frieda Georg Gina Greta Hanna Hugo Ida Ina Irene Iris Ivan Jakob Jana Jan Jonas Julia Karin Karl Konrad Laura Lea Lena
    Leo Lina Lukas Luisa Marco Maria Martin Maja Mia Moritz Nadia Nina Noah Nora Olga Oskar Otto Paul Paula Peter Petra Rita
    Robert Ronja Ruth Samuel Sara Simon Sofia Stella Thea Theo Tim Tina Tom Ute Vera Viktor Walter Wanda Wilma Yara Zoe
    """.split()
)
THINGS = tuple(
    """
    Ampeln Anker Bälle Bänke Becher Besen Betten Bilder Birnen Bretter Briefe Brillen Bücher Bürsten Decken Dosen Eimer Fahnen
    Federn Flaschen Flöten Gabeln Geigen Gläser Glocken Gurken Haken Hämmer Handtücher Hefte Helme Hosen Hüte Jacken Kannen
    Karten Kerzen Ketten Kisten Kissen Koffer Körbe Krüge Kugeln Lampen Laternen Leitern Löffel Lupen Magnete Mappen Masken
    Mäntel Messer Münzen Nadeln Nägel Netze Nüsse Orangen Pfannen Pfeifen Pinsel Puppen Räder Regale Ringe Rollen Rosen Säcke
    Schalen Schaufeln Scheren Schilder Schirme Schlitten Schlüssel Schrauben Schuhe Seile Sessel Spiegel Spiele Stempel Stiefel
    Stifte Stühle Tabletts Taschen Tassen Teller Teppiche Tische Töpfe Trommeln Truhen Tücher Uhren Vasen Vorhänge Waagen Zangen
    Zelte Zitronen
    """.split()
)
CARRIED = {
    "den": """Ball Besen Eimer Fußball Grill Hammer Honig Kaffee Käse Kompass Korb Kuchen Nudelsalat Pudding Reis Saft Salat Senf
        Sonnenschirm Spaten Tee Teppich Tisch Topf Wein Zucker""",
    "die": """Bananen Bratwürste Brille Decke Fahne Flöte Gabeln Gitarre Gläser Hängematte Kamera Kanne Karte Kekse
        Kerzen Kirschen Lampe Laterne Leiter Limonade Marmelade Melone Messer Milch Nüsse Oliven Orangen Pfanne Pflaumen Schüssel
        Servietten Stühle Suppe Tassen Teller Tomaten Trauben Trommel Würfel Zitronen""",
    "das": """Boot Brot Eis Feuerholz Gemüse Geschirr Kartenspiel Kissen Klavier Mehl Obst Radio Salz Seil Spiel Tablett Tuch
        Wasser Zelt""",
}
PLACES = tuple(
    """
    Athen Augsburg Barcelona Basel Berlin Bern Bologna Bonn Bordeaux Bremen Brüssel Budapest Dresden Dublin Edinburgh Erfurt
    Florenz Frankfurt Freiburg Genf Genua Gent Glasgow Granada Graz Hamburg Hannover Helsinki Innsbruck Kiel Köln Kopenhagen
    Krakau Leipzig Lille Linz Lissabon London Lübeck Luzern Lyon Madrid Mailand Mainz Marseille München Nantes Neapel Nizza
    Nürnberg Oslo Palermo Paris Pisa Porto Prag Riga Rom Rostock Salzburg Sevilla Siena Stockholm Straßburg Toulouse Triest Turin
    Ulm Valencia Venedig Verona Warschau Weimar Wien Zagreb Zürich
    """.split()
)
MASCULINE = tuple(
    """
    Bäcker Bauer Dichter Fahrer Fischer Förster Gärtner Jäger Kapitän Koch König Lehrer Maler Matrose Müller Nachbar Pilot Prinz
    Richter Ritter Sänger Schneider Schüler Soldat Tänzer Tischler Wächter Wirt Zauberer Zahnarzt
    """.split()
)
FEMININE = tuple(
    """
    Ärztin Bäckerin Bäuerin Dichterin Fahrerin Gärtnerin Geigerin Königin Köchin Lehrerin Malerin Nachbarin Pilotin Prinzessin
    Richterin Sängerin Schneiderin Schülerin Tante Tänzerin Tischlerin Wirtin
    """.split()
)
VERBS = tuple(
    """
    beschrieb bemerkte bestaunte betrachtete bewachte entdeckte erwähnte fand fotografierte holte kaufte lobte malte putzte
    reparierte sah suchte trug verkaufte verlor vermaß verschenkte versteckte wog zeichnete zeigte
    """.split()
)
OF_PEOPLE = tuple(
    """
    alt blond ehrlich fleißig freundlich fröhlich geduldig groß höflich jung klein klug müd mutig reich ruhig schlank schlau
    schüchtern stark still stolz tapfer treu vergesslich vornehm vorsichtig
    """.split()
)
OF_THINGS = tuple(
    """
    alt blau braun breit bunt dick dünn fein gelb golden grau groß grün hell klein kurz lang neu rot rostig rund sauber schief
    schmal schmutzig schwarz schwer silbern staubig weiß winzig
    """.split()
)
OBJECTS = {
    "den": """Anker Ball Becher Besen Brief Eimer Gürtel Haken Hammer Helm Hut Kamm Karton Kasten Kessel Knopf Koffer Kompass
        Korb Krug Löffel Magneten Mantel Nagel Ofen Pinsel Ring Rucksack Sack Schal Schirm Schlitten Schlüssel Schrank
        Sessel Spaten Spiegel Stempel Stift Stuhl Teller Teppich Tisch Topf Umschlag Vorhang Wagen Würfel Zaun""",
    "die": """Axt Bank Brille Bürste Decke Dose Fahne Feder Flasche Flöte Gabel Geige Gitarre Glocke Jacke Kamera Kanne
        Karte Kerze Kette Kiste Kugel Lampe Laterne Leiter Leine Lupe Maske Münze Mütze Nadel Perle Pfanne Pfeife Puppe
        Säge Schachtel Schale Schaufel Schere Schleife Schüssel Tafel Tasche Tasse Trommel Trompete Truhe Tür Uhr Vase Waage
        Zange""",
    "das": """Album Armband Bett Bild Boot Brett Buch Fahrrad Fass Fenster Fernrohr Foto Gemälde Geschenk Glas Handtuch Heft Hemd
        Hufeisen Kissen Klavier Kleid Messer Netz Paket Plakat Puzzle Rad Radio Regal Ruder Schild Segel Seil Sieb Sofa Spiel
        Tablett Tor Tuch Zelt""",
}
CARRIED_OBJECTS = tuple(f"{article} {noun}" for article, nouns in CARRIED.items() for noun in nouns.split())
GENDERED_OBJECTS = tuple((article, noun) for article, nouns in OBJECTS.items() for noun in nouns.split())
SUBJECTS = tuple([("Der", noun) for noun in MASCULINE] + [("Die", noun) for noun in FEMININE])
SMALL = tuple(
    """
    null eins zwei drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn vierzehn fünfzehn sechzehn siebzehn achtzehn
    neunzehn
    """.split()
)
TENS = tuple("zwanzig dreißig vierzig fünfzig sechzig siebzig achtzig neunzig".split())
UNITS = {
    "mm": "Millimeter",
    "cm": "Zentimeter",
    "m": "Meter",
    "km": "Kilometer",
    "g": "Gramm",
    "kg": "Kilogramm",
    "ml": "Milliliter",
    "l": "Liter",
    "s": "Sekunden",
    "min": "Minuten",
    "h": "Stunden",
    "d": "Tage",
    "w": "Wochen",
}


def sentence(rng: Stream) -> str:
    """`Die müde Bäckerin malte den grünen Zaun.`"""
    article, subject = rng.choice(SUBJECTS)
    carried, thing = rng.choice(GENDERED_OBJECTS)
    ending = "en" if carried == "den" else "e"
    return f"{article} {rng.choice(OF_PEOPLE)}e {subject} {rng.choice(VERBS)} {carried} {rng.choice(OF_THINGS)}{ending} {thing}."


def number_words(n: int) -> str:
    """`dreihundertsiebenundvierzig`."""
    if n < 20:
        return SMALL[n]
    if n < 100:
        ones, tens = n % 10, TENS[n // 10 - 2]
        return f"{_head(ones)}und{tens}" if ones else tens
    size, name = (100, "hundert") if n < 1_000 else (1_000, "tausend")
    head, rest = divmod(n, size)
    return f"{_head(head)}{name}{number_words(rest) if rest else ''}"


def _head(n: int) -> str:
    return "ein" if n == 1 else number_words(n)


def join(parts: list[str]) -> str:
    """`a, b und c`."""
    return " und ".join([", ".join(parts[:-1]), parts[-1]]) if len(parts) > 1 else parts[0]


def lower_first(sentence: str) -> str:
    """The sentence as it is: what stands before it ends in a colon."""
    return sentence


LANGUAGE = Language(
    code="de",
    label="Deutsch",
    nouns=NOUNS,
    names=NAMES,
    things=THINGS,
    carried=CARRIED_OBJECTS,
    places=PLACES,
    colours=("rot", "blau", "grün", "gelb", "weiß", "schwarz", "braun", "grau", "orange", "lila", "rosa", "silbern"),
    weekdays=("Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag", "Sonntag"),
    ordinals=("ersten", "zweiten", "dritten", "vierten", "fünften", "sechsten", "siebten", "achten", "neunten", "zehnten"),
    months=tuple("Januar Februar März April Mai Juni Juli August September Oktober November Dezember".split()),
    units=UNITS,
    sentence=sentence,
    number_words=number_words,
    comma=", ",
    join=join,
    lower_first=lower_first,
    sort_key=plain_letters,
    alphabet="abcdefghijklmnopqrstuvwxyz",
    vowels="aeiouäöü",
    thousands=".",
    openings={
        "numbered": (
            "Hier sind {n} Aufgaben.",
            "Bitte erledige diese {n} Aufgaben.",
            "Arbeite die {n} nummerierten Aufgaben unten ab.",
            "Es gibt {n} Dinge zu tun.",
            "Unten steht eine Liste mit {n} Aufgaben für dich.",
        ),
        "prose": (
            "Ich brauche {n} Dinge von dir.",
            "Es gibt {n} Dinge, die du für mich tun sollst.",
            "Bitte erledige die folgenden {n} Dinge für mich.",
            "Ich habe {n} kleine Aufträge für dich.",
        ),
        "bullets": (
            "Hier ist in {n} Punkten, was ich brauche.",
            "Bitte kümmere dich um jeden der {n} Punkte unten.",
            "Meine Liste unten hat {n} Punkte.",
            "Bitte gehe die {n} Punkte unten von oben nach unten durch.",
        ),
        "letter": (
            "ich hoffe, es geht dir gut. Ich habe {n} Bitten.",
            "danke für deine Hilfe letzte Woche. Diesmal habe ich {n} Bitten.",
            "ich schreibe dir, weil ich dich um {n} Dinge bitten möchte.",
            "kannst du mir bei {n} Dingen helfen?",
        ),
        "table": (
            "In der Tabelle stehen {n} Aufgaben.",
            "Arbeite die Tabelle unten ab; sie enthält {n} Aufgaben.",
            "Jede der {n} Zeilen dieser Tabelle ist eine Aufgabe.",
        ),
    },
    single_openings={
        "numbered": ("Hier ist eine Aufgabe.", "Bitte erledige diese Aufgabe.", "Es gibt eine Sache zu tun."),
        "prose": (
            "Ich brauche eine Sache von dir.",
            "Bitte erledige Folgendes für mich.",
            "Ich habe einen kleinen Auftrag für dich.",
        ),
        "bullets": ("Das hier brauche ich.", "Bitte kümmere dich um den Punkt unten.", "Meine Liste unten hat einen Punkt."),
        "letter": (
            "ich hoffe, es geht dir gut. Ich habe eine Bitte.",
            "ich schreibe dir, weil ich dich um eine Sache bitten möchte.",
        ),
        "table": ("In der Tabelle steht eine Aufgabe.", "Die einzige Zeile dieser Tabelle ist eine Aufgabe."),
    },
    context_leads=(
        "Zuerst etwas Hintergrund.",
        "Diese Notizen wirst du brauchen.",
        "Behalte Folgendes im Kopf.",
        "Notizen:",
        "Hintergrund:",
    ),
    rules_lead="Diese Regeln gelten für jede Antwort:",
    formats=(
        "Gib die {n} Antworten in der Reihenfolge der Aufgaben. Über jede Antwort kommt eine Zeile, in der nur ihre Nummer in"
        " eckigen Klammern steht, von [1] bis [{n}]. Schreibe nur die Antworten, sonst nichts.",
        "Antworte in derselben Reihenfolge. Vor jede Antwort kommt eine Zeile, die nur sagt, welche es ist: [1] für die erste und"
        " [{n}] für die letzte. Wiederhole die Aufgaben nicht und erkläre nichts.",
        "Antworte mit {n} Antworten nacheinander, ohne Erklärungen. Beginne jede mit ihrer Nummer in eckigen Klammern, [1] bis"
        " [{n}], in einer eigenen Zeile, und schreibe die Antwort in die nächste Zeile.",
        "Schreibe nichts als die {n} Antworten, der Reihe nach. Jede steht unter einer Kopfzeile, die nur ihre Nummer in eckigen"
        " Klammern enthält: die erste ist [1], die letzte [{n}].",
    ),
    single_formats=(
        "Über die Antwort kommt eine Zeile, in der nur [1] steht. Schreibe nur die Antwort, sonst nichts.",
        "Schreibe vor die Antwort eine Zeile, die nur aus [1] besteht. Wiederhole die Aufgabe nicht und erkläre nichts.",
        "Antworte ohne Erklärung. Beginne mit [1] in einer eigenen Zeile und schreibe die Antwort in die nächste Zeile.",
        "Schreibe nichts als die Antwort. Sie steht unter einer Kopfzeile: [1].",
    ),
    first_connectives=("Als Erstes:", "Zu Beginn:", "Zuerst:"),
    middle_connectives=("Dann:", "Danach:", "Als Nächstes:", "Wenn das erledigt ist:", "Im Anschluss daran:", "Weiter:"),
    last_connectives=("Zum Schluss:", "Als Letztes:", "Zuletzt:", "Als letzter Schritt:"),
    letter_greetings=("Hallo {name},", "Guten Morgen {name},", "Hi {name},", "Guten Tag {name},"),
    letter_closings=("Vielen Dank\n{name}", "Viele Grüße\n{name}", "Herzliche Grüße\n{name}", "Danke und bis bald\n{name}"),
    postscript="PS: {text}",
    table_head=("Aufgabe", "Was zu tun ist"),
)
