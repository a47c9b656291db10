"""French: words, sentences, numbers in words, and the frames of prompts.

Names, places and counted things begin with a consonant, so that no phrasing has to elide `de` or `que` before them. A no-break
space stands before `?`, `!`, `:` and `;` in prompts, never in answers.
"""

from musi.languages.language import Language, plain_letters
from musi.rng import Stream

NOUNS = tuple(
    """
    abeille abricot agneau aigle aile aimant allumette amande ampoule ananas ancre ange animal anneau aquarium arbre argent
    armoire armure arrosoir artichaut assiette atelier autruche avion avocat bague baie balai balance balcon baleine ballon
    bambou banane banc banque barque barrage bateau beurre biche bijou billet biscuit blouse bois bonbon bonnet botte bouche
    boucle bouclier bougie boule bouquet boussole bouteille bouton branche brebis brique brosse brouette bureau bûche cabane
    cactus cadeau cadre cahier caillou caisse camion canal canard canne canot caravane carnet carotte carte casque castor cave
    ceinture cerise chaise chalet chameau champ chandelle chapeau chariot charrue chat chemin chemise cheval chocolat chou
    château chèvre cigogne cinéma cirque citron citrouille cloche clocher clou coffre coin collier colline colombe comptoir
    concert confiture coq coquille corbeau corde costume coude couloir coupe couronne coussin couteau couverture crabe cravate
    crayon crochet crêpe cuisine cygne dauphin dent dessert diamant dindon docteur doigt dossier douche dragon drap drapeau dune
    escalier escargot fanfare farine faucon fauteuil fenêtre ferme feuille ficelle figue filet flamme fleur fleuve flèche flûte
    foin fontaine forgeron forêt fourchette fourmi fraise framboise fromage fruit fée galerie galet gant garage gare gazon gilet
    girafe glace gomme gorge gourde grange grenier grenouille griffe grotte guitare gâteau hamac hamster hangar haricot hibou
    horloge huile insecte iris ivoire jambe jardin jasmin jeton jouet journal jument jupe jus kangourou kimono kiosque kiwi
    koala lac laine lait lampe langue lanterne lapin lavande lentille lettre linge lion lit livre loup loupe lune lustre lutin
    lézard machine magasin maison malle manche manteau marbre mare marin marmite marron marteau masque matelas melon menthe
    merle miel mine miroir montagne montre mouche moulin moustache mouton mur muraille nappe navire nid noisette nuage oiseau
    olive ombre oncle orage orange orchestre oreille oreiller orgue ours outil ouragan palais palmier panda panier pantalon
    papier papillon parapluie parc parfum passage pavillon peigne pelle pendule perle perroquet phare phoque piano pierre pigeon
    pilote pinceau pinson pirate piscine placard plage planche plante plume poche poire poisson poivre pomme pont port porte
    poule poupée prairie prince prison prune puits puzzle pyjama quai quartz quille radio radis raisin rame rat renard requin
    rideau rivage rivière robe robot rocher ronce rosier roue route ruban ruche rue règle sable sabre sac salade salon sandale
    sapin saumon savon seau selle serpent serrure sifflet singe soldat soleil source souris stylo sucre tableau tablier tabouret
    talon tambour tapis tasse taureau taxi tempête tente terrasse théâtre tigre timbre tiroir toit tomate tonneau torche tortue
    toupie tournesol tracteur train tramway trappe tricot trompette trottoir tuile tulipe tunnel turban usine vache vague
    vaisselle valise vallon vapeur vase vautour verger veste viande vigne village violon virage visage vitrine voile voisin
    voiture volcan vélo wagon yacht yaourt zoo zèbre
    """.split()
)
NAMES = tuple(
    """
    Bastien Baptiste Benjamin Benoît Bernard Béatrice Brigitte Bruno Camille Carine Caroline Catherine Cécile Céline Charles
    Charlotte Chloé Christian Clara Clément Colette Coralie Corentin Damien Daniel David Delphine Denis Didier Fabien Fabrice
    Fanny Félix Fernand Florian Françoise Frédéric Gabriel Gaston Georges Gérard Gilles Grégoire Guillaume Jacques Jean Jeanne
    Jérôme Joséphine Jules Julie Juliette Justine Karine Laura Laurent Léa Léo Léon Lise Loïc Louise Lucas Lucie Lucien Ludovic
    Manon Marc Margaux Marie Marion Marius Martin Mathilde Maxime Mélanie Michel Mireille Monique Nadia Nathan Nicolas Nina Noé
    Nora Pascal Paul Pauline Philippe Quentin Raphaël Renaud Robert Roland Romain Sabine Samuel Sandrine Sarah Sébastien Simon
    Solène Sophie Stéphane Suzanne Sylvie Théo Thérèse Thierry Thomas Valentin Valérie Victor Vincent Xavier Zoé
    """.split()
)
THINGS = tuple(
    """
    bagues balais balles ballons bancs barques bassines bâtons bidons billes bocaux boîtes bols bonnets bottes bougies bouteilles
    boutons bracelets briques brosses cadres cahiers caisses cannes cartes casquettes casseroles chaises chapeaux chaussettes
    chaussures chemises citrons clés cloches clous coffres colliers coussins couteaux couvertures crayons cuillères drapeaux
    draps fauteuils ficelles flèches flûtes foulards fourchettes gants gobelets gommes gourdes guitares jarres jouets lampes
    lanternes lettres livres loupes manteaux marteaux masques médailles miroirs montres mouchoirs nappes noix paniers parapluies
    peignes pelles perles pinceaux planches plats plumes poêles poires pommes pots poupées râteaux règles rideaux robes rubans
    sacs savons seaux serviettes sifflets stylos tables tableaux tabourets tambours tapis tasses tentes timbres tiroirs torches
    toupies trompettes tuiles valises vases verres vestes violons
    """.split()
)
CARRIED = {
    "le": """ballon beurre bois café chocolat fromage gâteau jambon jus lait melon miel pain panier parasol pâté poulet riz
        saladier sel sucre tambour tapis thé vin vinaigre violon""",
    "la": """bouilloire casserole confiture corde couverture crème flûte glace guitare lampe lanterne limonade moutarde nappe
        pastèque poêle radio salade soupe table tarte tente""",
    "les": """assiettes bananes biscuits bougies bouteilles carottes cartes cerises chaises couteaux coussins crêpes cuillères
        fourchettes fraises gobelets noix olives oranges poires pommes prunes raisins sandwichs saucisses serviettes tasses
        tomates verres""",
}
PLACES = tuple(
    """
    Bâle Barcelone Bayonne Berlin Berne Besançon Bologne Bordeaux Bourges Brest Bruges Bruxelles Budapest Caen Calais Cannes
    Carcassonne Charleroi Chartres Colmar Cologne Copenhague Cracovie Dijon Dresde Dublin Dunkerque Gand Gênes Genève Glasgow
    Grenoble Lausanne Liège Lille Limoges Lisbonne Londres Lorient Lyon Madrid Marseille Metz Milan Mons Montpellier Montréal
    Mulhouse Munich Namur Nancy Nantes Naples Nice Nîmes Paris Pau Perpignan Poitiers Porto Prague Québec Quimper Reims Rennes
    Riga Rome Rouen Salzbourg Saumur Séville Stockholm Strasbourg Toulon Toulouse Tours Troyes Turin Varsovie Venise Vienne
    Zagreb Zurich
    """.split()
)
SUBJECTS = {
    "Le": """berger boucher boulanger capitaine cavalier chanteur charpentier chasseur coiffeur conducteur cordonnier cuisinier
        danseur dentiste docteur dompteur facteur fermier fleuriste forgeron garagiste gardien jardinier journaliste juge
        libraire maire marchand marin menuisier meunier musicien notaire peintre pharmacien pilote plombier potier prince
        professeur pêcheur roi sculpteur serveur soldat tailleur touriste vendeur vigneron violoniste voisin voyageur""",
    "La": """bergère bouchère boulangère cavalière chanteuse coiffeuse comédienne conductrice cuisinière danseuse dentiste
        directrice fermière fleuriste garagiste gardienne jardinière journaliste libraire marchande musicienne nageuse
        pharmacienne pianiste pilote princesse reine romancière sculptrice serveuse touriste vendeuse violoniste voisine
        voyageuse""",
}
OF_PEOPLE = tuple(
    """
    aimable/aimable bavard/bavarde bruyant/bruyante calme/calme courageux/courageuse curieux/curieuse célèbre/célèbre
    discret/discrète distrait/distraite drôle/drôle fatigué/fatiguée gourmand/gourmande généreux/généreuse honnête/honnête
    joyeux/joyeuse maladroit/maladroite modeste/modeste patient/patiente poli/polie pressé/pressée prudent/prudente
    rusé/rusée rêveur/rêveuse sincère/sincère solitaire/solitaire souriant/souriante sympathique/sympathique sérieux/sérieuse
    timide/timide tranquille/tranquille têtu/têtue élégant/élégante
    """.split()
)
OF_THINGS = tuple(
    """
    argenté/argentée blanc/blanche bleu/bleue brillant/brillante brun/brune carré/carrée doré/dorée démodé/démodée
    fragile/fragile gigantesque/gigantesque gris/grise immense/immense jaune/jaune lourd/lourde léger/légère
    magnifique/magnifique minuscule/minuscule moderne/moderne mystérieux/mystérieuse noir/noire poussiéreux/poussiéreuse
    ravissant/ravissante rayé/rayée rond/ronde rose/rose rouge/rouge rouillé/rouillée sale/sale solide/solide sombre/sombre
    superbe/superbe usé/usée vert/verte vide/vide violet/violette énorme/énorme étrange/étrange
    """.split()
)
VERBS = tuple(
    """
    acheté admiré apporté caché cherché choisi compté dessiné découvert décrit déplacé emballé emprunté examiné filmé lavé loué
    mesuré montré nettoyé observé oublié peint perdu photographié protégé ramassé regardé remarqué reçu rendu réparé retrouvé
    surveillé touché transporté trouvé vanté vendu vérifié
    """.split()
)
OBJECTS = {
    "le": """balai ballon banc bateau bonnet bouton bracelet bureau cadre cahier camion canot carnet chapeau chariot coffre
        collier coussin couteau crayon drapeau drap fauteuil filet gant gilet gâteau jouet journal livre manteau marteau masque
        meuble miroir moulin panier pantalon paquet parapluie peigne piano pinceau placard plat portail portrait puits radeau
        rideau ruban sac savon seau sifflet stylo tableau tabouret tambour tapis tiroir tonneau train traîneau vase violon vélo
        wagon""",
    "la": """bague balance barque botte bougie boussole bouteille boîte brosse brouette cabane caisse caméra canne carte
        casquette casserole chaise chambre chaussure chemise clé cloche corde couverture cravate cuillère fenêtre ficelle fleur
        flèche flûte fontaine fourchette grange guitare lampe lanterne lettre loupe maison malle marmite montre médaille nappe
        pelle perle pierre planche plume porte poupée robe roue selle serrure statue table tasse tente théière torche tour
        trompette valise veste vitrine voile voiture""",
}
PEOPLE = tuple((article, noun) for article, nouns in SUBJECTS.items() for noun in nouns.split())
OWNED = tuple((article, noun) for article, nouns in OBJECTS.items() for noun in nouns.split())
ADJECTIVES = {
    "Le": tuple(pair.split("/")[0] for pair in OF_PEOPLE),
    "La": tuple(pair.split("/")[1] for pair in OF_PEOPLE),
    "le": tuple(pair.split("/")[0] for pair in OF_THINGS),
    "la": tuple(pair.split("/")[1] for pair in OF_THINGS),
}
SMALL = tuple(
    """
    zéro un deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize dix-sept dix-huit dix-neuf
    """.split()
)
TENS = tuple("vingt trente quarante cinquante soixante".split())
UNITS = {
    "mm": "millimètres",
    "cm": "centimètres",
    "m": "mètres",
    "km": "kilomètres",
    "g": "grammes",
    "kg": "kilogrammes",
    "ml": "millilitres",
    "l": "litres",
    "s": "secondes",
    "min": "minutes",
    "h": "heures",
    "d": "jours",
    "w": "semaines",
}


def sentence(rng: Stream) -> str:
    """`La boulangère curieuse a peint le portail vert.`"""
    (article, who), (its, what) = rng.choice(PEOPLE), rng.choice(OWNED)
    subject = f"{article} {who} {rng.choice(ADJECTIVES[article])}"
    return f"{subject} a {rng.choice(VERBS)} {its} {what} {rng.choice(ADJECTIVES[its])}."


def number_words(n: int) -> str:
    """Traditional spelling: `trois cent quarante-sept`, `quatre-vingts`, `deux cents`, `mille`."""
    if n < 100:
        return _below_hundred(n)
    size, name = (100, "cent") if n < 1_000 else (1_000, "mille")
    head, rest = divmod(n, size)
    text = name if head == 1 else f"{SMALL[head]} {name}"
    if rest:
        return f"{text} {number_words(rest)}"
    return f"{text}s" if name == "cent" and head > 1 else text


def _below_hundred(n: int) -> str:
    if n < 20:
        return SMALL[n]
    if n >= 80:
        return "quatre-vingts" if n == 80 else f"quatre-vingt-{SMALL[n - 80]}"
    step = min(n // 10, 6)
    tens, rest = TENS[step - 2], n - 10 * step
    if rest in (1, 11):
        return f"{tens} et {SMALL[rest]}"
    return f"{tens}-{SMALL[rest]}" if rest else tens


def join(parts: list[str]) -> str:
    """`a, b et c`."""
    return " et ".join([", ".join(parts[:-1]), parts[-1]]) if len(parts) > 1 else parts[0]


def lower_first(sentence: str) -> str:
    """The sentence as it stands after a connective; only safe because no instruction opens with a name."""
    return sentence[0].lower() + sentence[1:]


LANGUAGE = Language(
    code="fr",
    label="français",
    nouns=NOUNS,
    names=NAMES,
    things=THINGS,
    carried=tuple(f"{article} {noun}" for article, nouns in CARRIED.items() for noun in nouns.split()),
    places=PLACES,
    colours=("rouge", "bleu", "vert", "jaune", "blanc", "noir", "marron", "gris", "orange", "violet", "rose", "argenté"),
    weekdays=("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"),
    ordinals=tuple("première deuxième troisième quatrième cinquième sixième septième huitième neuvième dixième".split()),
    months=tuple("janvier février mars avril mai juin juillet août septembre octobre novembre décembre".split()),
    units=UNITS,
    sentence=sentence,
    number_words=number_words,
    comma=", ",
    join=join,
    lower_first=lower_first,
    sort_key=plain_letters,
    alphabet="abcdefghijklmnopqrstuvwxyz",
    vowels="aeiouyàâéèêëîïôûùüÿ",
    thousands=" \u00a0\u202f",
    openings={
        "numbered": (
            "Voici {n} tâches.",
            "Merci d'accomplir ces {n} tâches.",
            "Traite les {n} tâches numérotées ci-dessous.",
            "Il y a {n} choses à faire.",
            "Tu trouveras ci-dessous une liste de {n} tâches.",
        ),
        "prose": (
            "J'ai besoin de toi pour {n} choses.",
            "Il y a {n} choses que je voudrais te demander.",
            "Fais les {n} choses suivantes pour moi, s'il te plaît.",
            "J'ai {n} petits travaux à te confier.",
        ),
        "bullets": (
            "Voici ce qu'il me faut, en {n} points.",
            "Merci de traiter chacun des {n} points ci-dessous.",
            "Ma liste ci-dessous compte {n} points.",
            "Parcours les {n} points ci-dessous de haut en bas, s'il te plaît.",
        ),
        "letter": (
            "J'espère que tu vas bien. J'ai {n} demandes à te faire.",
            "Merci pour ton aide de la semaine dernière. Cette fois, j'ai {n} demandes.",
            "Je t'écris pour te demander {n} choses.",
            "Pourrais-tu m'aider pour {n} choses\u00a0?",
        ),
        "table": (
            "Le tableau contient {n} tâches.",
            "Parcours le tableau ci-dessous\u00a0: il compte {n} tâches.",
            "Chacune des {n} lignes de ce tableau est une tâche.",
        ),
    },
    single_openings={
        "numbered": ("Voici une tâche.", "Merci d'accomplir cette tâche.", "Il y a une chose à faire."),
        "prose": (
            "J'ai besoin de toi pour une chose.",
            "Fais ce qui suit pour moi, s'il te plaît.",
            "J'ai un petit travail à te confier.",
        ),
        "bullets": (
            "Voici ce qu'il me faut.",
            "Merci de traiter le point ci-dessous.",
            "Ma liste ci-dessous ne compte qu'un point.",
        ),
        "letter": (
            "J'espère que tu vas bien. J'ai une demande à te faire.",
            "Je t'écris pour te demander une chose.",
        ),
        "table": ("Le tableau contient une tâche.", "La seule ligne de ce tableau est une tâche."),
    },
    context_leads=(
        "D'abord, voici le contexte.",
        "Tu auras besoin de ces notes.",
        "Garde en tête ce qui suit.",
        "Notes\u00a0:",
        "Contexte\u00a0:",
    ),
    rules_lead="Ces règles valent pour chaque réponse\u00a0:",
    formats=(
        "Donne les {n} réponses dans l'ordre des tâches. Au-dessus de chaque réponse, mets une ligne avec son seul numéro entre"
        " crochets, de [1] à [{n}]. Écris uniquement les réponses, rien d'autre.",
        "Réponds dans le même ordre. Avant chaque réponse, mets une ligne qui dit seulement de laquelle il s'agit\u00a0: [1] pour"
        " la première et [{n}] pour la dernière. Ne répète pas les tâches et n'explique rien.",
        "Réponds par {n} réponses, l'une après l'autre, sans explication. Commence chacune par son numéro entre crochets, de [1]"
        " à [{n}], seul sur une ligne, et écris la réponse à la ligne suivante.",
        "N'écris rien d'autre que les {n} réponses, dans l'ordre. Chacune vient sous une ligne d'en-tête qui contient son seul"
        " numéro, entre crochets\u00a0: la première est [1], la dernière [{n}].",
    ),
    single_formats=(
        "Au-dessus de la réponse, mets une ligne avec seulement [1]. Écris uniquement la réponse, rien d'autre.",
        "Avant la réponse, mets une ligne qui contient seulement [1]. Ne répète pas la tâche et n'explique rien.",
        "Réponds sans explication. Commence par [1], seul sur une ligne, et écris la réponse à la ligne suivante.",
        "N'écris rien d'autre que la réponse. Elle vient sous une ligne d'en-tête\u00a0: [1].",
    ),
    first_connectives=("D'abord,", "Pour commencer,", "Tout d'abord,"),
    middle_connectives=("Ensuite,", "Après cela,", "Puis,", "Cela fait,", "Une fois que c'est fait,", "À la suite de cela,"),
    last_connectives=("Enfin,", "Pour finir,", "Pour terminer,", "En dernier lieu,"),
    letter_greetings=("Bonjour {name},", "Salut {name},", "Coucou {name},", "Bonsoir {name},"),
    letter_closings=("Un grand merci\n{name}", "Amicalement,\n{name}", "Bien à toi,\n{name}", "Merci et à bientôt\n{name}"),
    postscript="P.-S. {text}",
    table_head=("Tâche", "Ce qu'il faut faire"),
)
