"""Spanish: words, sentences, numbers in words, and the frames of prompts.

No noun, name or place begins with the sound of i, before which the `y` of a phrasing would have to become `e`.
"""

from musi.languages.language import Language, plain_letters
from musi.rng import Stream

NOUNS = tuple(
    """
    abanico abeja abrigo aceite aceituna acordeón actor alfombra almendra almohada ancla anillo araña arco ardilla arena
    armario arroz autobús avena avión azúcar bahía balcón ballena balón banco bandeja bandera barco barrio barro bastón
    bicicleta bola bolsa bosque bota botella botón brazo bruja brújula bufanda burro caballo cabaña cabra cadena caja calabaza
    calle cama camello camino camisa campana campo canción cangrejo canoa caña caracol carbón carpeta carro carta cartera casa
    casco castillo cebolla cebra cepillo cereza cesta chaqueta chocolate ciervo cine ciruela cisne ciudad clavo cobre cocina
    cocodrilo codo cofre cohete collar cometa concha conejo copa corbata cordero corona cortina cuaderno cuadro cubo cuchara
    cuchillo cuerda cuervo cueva dado dedo delfín desierto diente dinero disco dragón ducha duende elefante escalera escoba
    escudo escuela espada espejo esponja espuma estación estatua estrella estufa fábrica falda farol fiesta flauta flecha flor
    foca fresa fruta fuego fuente gafas gallina gallo ganso garaje gato girasol globo goma gorra gota granja grillo guante
    guitarra gusano habitación harina helado hermano hoguera hoja hongo horno hotel huerto hueso huevo jabón jardín jarra
    jirafa joya juego juguete jugo kiwi lago laguna lámpara lana lápiz lazo leche lechuga león libro limón linterna lirio
    llave lluvia lobo loro luna lupa madera maleta manta mantel manzana mapa máquina mariposa martillo máscara melón mercado
    mesa miel mochila moneda mono montaña mosca motor muelle mueble muñeca museo naranja nave nido niebla noche noria nube
    nudo nuez oca océano oficina ola olla oreja orilla orquesta oruga oso oveja palacio palma paloma pan panda papel paraguas
    pared parque pato payaso pera perla perro pescado piano piedra pila pincel piña pirata piscina pizarra planeta plato playa
    pluma poeta pozo prado puente puerta puerto pulpo queso quiosco radio raíz rama rana raqueta ratón red regalo reina reloj
    remo río roble robot roca rosa rueda sal salmón sandía sapo sartén seda semilla sello selva serpiente seta silbato silla
    sobre sofá sol sombra sombrero sopa taza té teatro tecla tejado telescopio templo tenedor tienda tierra tigre tijera tinta
    tiza toalla tomate tormenta toro torre tortuga tren trigo trineo trompeta tronco trucha tulipán túnel uniforme universo
    urna uva vaca vagón valle vaso vela velero ventana vestido vidrio viento violín volcán vuelo yate yegua yogur zanahoria
    zapato zorro zumo
    """.split()
)
NAMES = tuple(
    """
    Abel Adela Adrián Agustín Aitana Alberto Alejandra Alfonso Alicia Álvaro Amalia Amelia Ana Andrea Andrés Antonio Arturo
    Beatriz Benito Bernardo Blanca Bruno Camila Carla Carlos Carmen Carolina Catalina Cecilia Celia César Clara Claudia
    Cristina Daniel David Delia Diana Diego Dolores Eduardo Elena Elisa Emilia Emilio Enrique Ernesto Esteban Eva Fabio
    Federico Felipe Félix Fernando Francisco Gabriela Gerardo Gloria Gonzalo Guillermo Héctor Hugo Jaime Javier Jorge José
    Juan Juana Julia Laura Leandro Leonor Lidia Lola Lorenzo Lucas Lucía Luis Luisa Manuel Manuela Marcos Margarita María
    Mario Marta Martín Mateo Miguel Mónica Natalia Nicolás Nora Nuria Olga Óscar Pablo Paula Pedro Rafael Ramón Raquel Raúl
    Ricardo Roberto Rodrigo Rubén Samuel Sandra Santiago Sara Sergio Silvia Sofía Sonia Susana Teresa Tomás Valeria Vicente
    Víctor Violeta Yolanda
    """.split()
)
THINGS = tuple(
    """
    abanicos abrigos alfileres anillos anzuelos aros bancos barriles bastones baúles bolígrafos bolos bolsos botes botones
    broches cables cajones candados cántaros carteles cascos cepillos cestos chalecos cinturones clavos cofres cojines
    collares cromos cuadernos cuadros cubos cuchillos cuencos dados delantales dibujos discos embudos escudos espejos estuches
    faroles floreros frascos ganchos globos gorros guantes hilos huevos imanes jabones jarrones juguetes ladrillos lápices
    lazos libros limones manteles mapas marcos martillos melones molinillos muebles palillos pañuelos paraguas patines peines
    pepinos pinceles platos plátanos plumeros rastrillos relojes remos rollos sacos sellos silbatos sillones sobres sombreros
    tambores tapones tarros tazones tenedores tomates tornillos trineos tubos vasos vestidos zapatos
    """.split()
)
"""All masculine, so that they agree with `cuántos` and `cada uno`, and a count of them in words ends in `uno`."""
CARRIED = {
    "el": """aceite agua ajedrez arroz azúcar balón barco bizcocho café chocolate cuchillo farol gazpacho hielo hornillo jamón
        mantel mapa melón pan paraguas pescado pollo queso telescopio té termo toldo tambor vinagre zumo""",
    "la": """bandera baraja barbacoa brújula cafetera cámara canoa carne cesta cometa cuerda ensalada fruta guitarra hamaca jarra
        lámpara leche leña limonada linterna manta mantequilla mermelada mesa miel mostaza nevera olla pelota radio
        red sal sandía sartén sombrilla sopa tarta tetera tienda tortilla trompeta""",
    "los": """albaricoques bocadillos cojines cubiertos dados filetes helados huevos limones macarrones manteles melocotones
        pasteles pimientos platos plátanos refrescos tenedores tomates vasos""",
    "las": """aceitunas almendras cerezas cerillas cervezas ciruelas cucharas fresas galletas gambas gominolas lechugas manzanas
        naranjas nueces patatas peras raquetas salchichas servilletas sillas tazas toallas uvas velas zanahorias""",
}
PLACES = tuple(
    """
    Alicante Almería Amberes Atenas Barcelona Basilea Berlín Berna Bilbao Bolonia Bremen Bruselas Budapest Burdeos Burgos
    Cádiz Cartagena Colonia Copenhague Córdoba Cuenca Dresde Dublín Edimburgo Estocolmo Fráncfort Gante Gerona Gijón Ginebra
    Glasgow Granada Hamburgo Helsinki Jaén León Lisboa Liverpool Londres Lyon Madrid Málaga Marsella Mérida Milán Múnich
    Murcia Nápoles Niza Oporto Oslo Oviedo Oxford Palencia Palermo Pamplona París Pisa Praga Riga Roma Salamanca Salzburgo
    Santander Segovia Sevilla Siena Tarragona Toledo Toulouse Turín Valencia Valladolid Varsovia Venecia Verona Viena Vigo
    Zagreb Zamora Zaragoza Zúrich
    """.split()
)
MASCULINE = tuple(
    """
    abogado actor alcalde alumno arquitecto bailarín barbero bibliotecario bombero camarero cantante capitán carpintero
    cartero científico cocinero conductor conserje dentista detective director enfermero escritor escultor fontanero granjero
    guardia herrero jardinero juez mago maestro marinero mecánico médico minero molinero músico niño panadero pastor peluquero
    pescador pianista piloto pintor poeta portero príncipe químico rey sastre secretario soldado turista vendedor viajero
    violinista zapatero
    """.split()
)
FEMININE = tuple(
    """
    abogada actriz alcaldesa alumna arquitecta bailarina barbera bibliotecaria bombera camarera cantante capitana carpintera
    científica cocinera conductora conserje dentista detective directora enfermera escritora escultora fontanera granjera
    guardia herrera jardinera jueza maga maestra marinera mecánica médica minera molinera niña panadera pastora peluquera
    pescadora pianista piloto pintora poeta portera princesa reina modista secretaria soldado turista vendedora viajera
    violinista zapatera
    """.split()
)
OF_PEOPLE = tuple(
    """
    alegre alto amable atento bajo callado cansado cortés curioso delgado despistado educado famoso feliz fuerte generoso
    honrado inteligente joven moreno nervioso orgulloso paciente perezoso prudente puntual rubio serio simpático solitario
    sonriente tranquilo triste valiente
    """.split()
)
VERBS = tuple(
    """
    buscó colocó compró conservó copió cubrió dibujó describió eligió encontró enseñó envolvió escondió examinó fotografió
    guardó lavó levantó limpió llevó midió movió pesó pidió pintó recogió reparó revisó sacó subió trajo vendió vigiló
    """.split()
)
ADVERBS = ("anoche", "ayer", "después", "entonces", "hoy", "luego", "temprano")
MASCULINE_THINGS = tuple(
    """
    abanico abrigo anillo armario balón banco baúl bolso cajón carro casco cepillo cesto cofre cojín collar cuaderno cuadro
    cubo cuchillo cuenco escudo espejo estante farol florero globo guante jarrón juguete libro mantel mapa martillo pañuelo
    paquete peine piano plato remo reloj retrato sillón sobre sombrero tablero taburete tambor tapiz tazón telescopio tenedor
    títere trineo vaso vestido violín zapato
    """.split()
)
FEMININE_THINGS = tuple(
    """
    alfombra almohada bandeja bandera bicicleta bota botella brújula bufanda cadena caja cámara camisa campana canoa carta
    cesta chaqueta cinta cometa concha copa corona cortina cuchara cuerda escalera estatua falda flauta gorra guitarra jarra
    lámpara linterna llave lupa maleta manta máscara medalla mesa mochila moneda muñeca olla pala pelota piedra pintura pluma
    radio red rosa sartén silla taza tela tetera toalla trompeta vela
    """.split()
)
OF_THINGS = tuple(
    """
    amarillo ancho antiguo azul barato blanco bonito brillante caro claro corto cuadrado diminuto dorado elegante enorme
    estrecho feo fino grande gris grueso largo ligero moderno morado negro nuevo oscuro pequeño pesado plateado raro redondo
    rojo roto sencillo sucio verde viejo
    """.split()
)
COMPANIONS = ("con", "para", "sin")
MASCULINE_KIN = tuple("abuelo amigo ayudante compañero cuñado hermano nieto padre primo sobrino socio tío vecino".split())
FEMININE_KIN = tuple("abuela amiga ayudante compañera cuñada hermana madre nieta prima sobrina socia tía vecina".split())
UNITS = {
    "mm": "milímetros",
    "cm": "centímetros",
    "m": "metros",
    "km": "kilómetros",
    "g": "gramos",
    "kg": "kilogramos",
    "ml": "mililitros",
    "l": "litros",
    "s": "segundos",
    "min": "minutos",
    "h": "horas",
    "d": "días",
    "w": "semanas",
}
SMALL = tuple(
    """
    cero uno dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince dieciséis diecisiete dieciocho
    diecinueve veinte veintiuno veintidós veintitrés veinticuatro veinticinco veintiséis veintisiete veintiocho veintinueve
    """.split()
)
TENS = tuple("treinta cuarenta cincuenta sesenta setenta ochenta noventa".split())
HUNDREDS = tuple("ciento doscientos trescientos cuatrocientos quinientos seiscientos setecientos ochocientos novecientos".split())


def sentence(rng: Stream) -> str:
    """`El panadero cansado pintó el cofre verde.`

    The number of words settles every gender, so that a word may be exchanged for its like in a sentence of the same length.
    """
    verb, adverb, companion = rng.choice(VERBS), rng.choice(ADVERBS), rng.choice(COMPANIONS)
    who, what = rng.choice(OF_PEOPLE), rng.choice(OF_THINGS)
    form = rng.below(4)
    if form == 0:
        return f"El {rng.choice(MASCULINE)} {who} {verb} el {rng.choice(MASCULINE_THINGS)} {what}."
    if form == 1:
        thing = f"la {rng.choice(FEMININE_THINGS)} {_feminine(what)}"
        return f"La {rng.choice(FEMININE)} {_feminine(who)} {verb} {adverb} {thing}."
    if form == 2:
        thing = f"la {rng.choice(FEMININE_THINGS)} {_feminine(what)}"
        return f"El {rng.choice(MASCULINE)} {who} {verb} {thing} {companion} la {rng.choice(FEMININE_KIN)}."
    thing = f"el {rng.choice(MASCULINE_THINGS)} {what}"
    return f"La {rng.choice(FEMININE)} {_feminine(who)} {verb} {adverb} {thing} {companion} el {rng.choice(MASCULINE_KIN)}."


def _feminine(adjective: str) -> str:
    return f"{adjective[:-1]}a" if adjective.endswith("o") else adjective


def number_words(n: int) -> str:
    """Masculine, as one counts: `trescientos cuarenta y siete`."""
    if n < 30:
        return SMALL[n]
    if n < 100:
        return TENS[n // 10 - 3] + (f" y {SMALL[n % 10]}" if n % 10 else "")
    if n == 100:
        return "cien"
    if n < 1_000:
        head, rest = HUNDREDS[n // 100 - 1], n % 100
    else:
        head, rest = ("mil" if n < 2_000 else f"{number_words(n // 1_000)} mil"), n % 1_000
    return f"{head} {number_words(rest)}" if rest else head


def join(parts: list[str]) -> str:
    """`a, b y c`, and `a, b e isla` before the sound of i."""
    if len(parts) == 1:
        return parts[0]
    start = plain_letters(parts[-1][:4].lstrip('"'))
    word = "e" if start.startswith(("i", "hi")) and not start.startswith("hie") else "y"
    return f" {word} ".join([", ".join(parts[:-1]), parts[-1]])


def lower_first(sentence: str) -> str:
    """The sentence as it stands after a connective and its comma, in a question behind the opening mark."""
    start = 1 if sentence.startswith("¿") else 0
    return sentence[:start] + sentence[start].lower() + sentence[start + 1 :]


def sort_key(word: str) -> str:
    """Accents do not count, but ñ is a letter of its own between n and o."""
    return plain_letters(word.casefold().replace("ñ", "n~"))


LANGUAGE = Language(
    code="es",
    label="español",
    nouns=NOUNS,
    names=NAMES,
    things=THINGS,
    carried=tuple(f"{article} {noun}" for article, nouns in CARRIED.items() for noun in nouns.split()),
    places=PLACES,
    colours=("rojo", "azul", "verde", "amarillo", "blanco", "negro", "marrón", "gris", "naranja", "morado", "rosa", "plateado"),
    weekdays=("lunes", "martes", "miércoles", "jueves", "viernes", "sábado", "domingo"),
    months=tuple("enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre".split()),
    ordinals=("primer", "segundo", "tercer", "cuarto", "quinto", "sexto", "séptimo", "octavo", "noveno", "décimo"),
    units=UNITS,
    sentence=sentence,
    number_words=number_words,
    comma=", ",
    join=join,
    lower_first=lower_first,
    sort_key=sort_key,
    alphabet="abcdefghijklmnñopqrstuvwxyz",
    vowels="aeiouáéíóúü",
    thousands=". ",
    openings={
        "numbered": (
            "Aquí tienes {n} tareas.",
            "Haz estas {n} tareas, por favor.",
            "Resuelve las {n} tareas numeradas que siguen.",
            "Hay {n} cosas que hacer.",
            "Más abajo encontrarás una lista de {n} tareas para ti.",
        ),
        "prose": (
            "Necesito {n} cosas de ti.",
            "Hay {n} cosas que me gustaría que hicieras.",
            "Por favor, haz por mí las {n} cosas siguientes.",
            "Tengo {n} pequeños encargos para ti.",
        ),
        "bullets": (
            "Esto es lo que necesito, en {n} puntos.",
            "Ocúpate, por favor, de cada uno de los {n} puntos siguientes.",
            "Mi lista, más abajo, tiene {n} puntos.",
            "Repasa, por favor, los {n} puntos siguientes de arriba abajo.",
        ),
        "letter": (
            "Espero que estés bien. Tengo {n} peticiones.",
            "Gracias por tu ayuda de la semana pasada. Esta vez tengo {n} peticiones.",
            "Te escribo para pedirte {n} cosas.",
            "¿Podrías ayudarme con {n} cosas?",
        ),
        "table": (
            "En la tabla hay {n} tareas.",
            "Recorre la tabla siguiente, que tiene {n} tareas.",
            "Cada una de las {n} filas de esta tabla es una tarea.",
        ),
    },
    single_openings={
        "numbered": ("Aquí tienes una tarea.", "Haz esta tarea, por favor.", "Hay una cosa que hacer."),
        "prose": ("Necesito una cosa de ti.", "Por favor, haz lo siguiente por mí.", "Tengo un pequeño encargo para ti."),
        "bullets": (
            "Esto es lo que necesito.",
            "Ocúpate, por favor, del punto siguiente.",
            "Mi lista, más abajo, tiene un solo punto.",
        ),
        "letter": ("Espero que estés bien. Tengo una petición.", "Te escribo para pedirte una cosa."),
        "table": ("En la tabla hay una tarea.", "La única fila de esta tabla es una tarea."),
    },
    context_leads=(
        "Aquí va algo de contexto.",
        "Te harán falta estas notas.",
        "Ten en cuenta lo siguiente.",
        "Notas:",
        "Contexto:",
    ),
    rules_lead="Estas reglas valen para todas las respuestas:",
    formats=(
        "Da las {n} respuestas en el orden de las tareas. Encima de cada respuesta pon una línea que contenga solo su número"
        " entre corchetes, de [1] a [{n}]. Escribe únicamente las respuestas, nada más.",
        "Responde en el mismo orden. Antes de cada respuesta pon una línea que diga solo cuál es: [1] para la primera y [{n}]"
        " para la última. No repitas las tareas ni expliques nada.",
        "Contesta con {n} respuestas, una tras otra y sin explicaciones. Empieza cada una con su número entre corchetes, de [1] a"
        " [{n}], en una línea aparte, y escribe la respuesta en la línea siguiente.",
        "No escribas nada más que las {n} respuestas, por orden. Cada una va debajo de una línea de encabezado que solo contiene"
        " su número entre corchetes: la primera es [1] y la última, [{n}].",
    ),
    single_formats=(
        "Encima de la respuesta pon una línea que contenga solo [1]. Escribe únicamente la respuesta, nada más.",
        "Antes de la respuesta pon una línea que diga solo [1]. No repitas la tarea ni expliques nada.",
        "Contesta con la respuesta y sin explicaciones. Empieza con [1] en una línea aparte y escribe la respuesta en la línea"
        " siguiente.",
        "No escribas nada más que la respuesta. Va debajo de una línea de encabezado: [1].",
    ),
    first_connectives=("Primero,", "Para empezar,", "En primer lugar,", "Antes que nada,"),
    middle_connectives=("Después,", "Luego,", "A continuación,", "Hecho esto,", "Cuando lo tengas,", "Acto seguido,"),
    last_connectives=("Por último,", "Finalmente,", "Para terminar,", "Como último paso,"),
    letter_greetings=("Hola, {name}:", "Buenos días, {name}:", "Buenas tardes, {name}:", "¡Hola, {name}!"),
    letter_closings=("Muchas gracias,\n{name}", "Un saludo,\n{name}", "Un abrazo,\n{name}", "Gracias y hasta pronto,\n{name}"),
    postscript="P. D.: {text}",
    table_head=("Tarea", "Qué hay que hacer"),
)
