# SPDX-License-Identifier: Apache-2.0
"""The words the model knows, how foreign voices write them, and what else is said.

    words.py        prints keywords_labels.txt
"""

KEYWORDS = ["yes", "no", "on", "off", "up", "down", "left", "right", "go",
            "stop", "zero", "one", "two", "three", "four", "five", "six",
            "seven", "eight", "nine"]
LABELS = ["silence", "unknown"] + KEYWORDS
SILENCE, UNKNOWN, FIRST = 0, 1, 2

# Words that sound like a keyword, or have much of one in them.
NEAR = """
yet yell yen guess less chess mess yesterday yeast yaks us jest press dress
west best nest ears is
note nose node none nor now new knee snow low show mow bow toe hello nope
north known normal don't
own an in and un awe born dawn gone john barn lawn ion aunt hum honey onion
upon want font
of oft awful office often loft cough soft cloth scoff ought laugh oath half
cup pup hub app ape opera supper upper puppy hop pop us ugh open bump
town dawn dine done dumb brown gown noun drown dome darn downtown doubt
lift lefty loft laughed theft lend let leaf leg length lab laughter
ride rate rye rat root light might night bright fright height wife rice wide
ripe raft rapid
grow goat ghost goal goes glow got cow co gull gold dough
step stab stuff top shop stock stalk star start stoop spot stomp sob stone
hero zebra arrow narrow pharaoh euro xerox row borrow z zeal
wand run sun once young wonder want gun fun swan warm worn when wine
do tooth tour true chew tune tube shoe who you dew tea took tuna
free tree thread throw through thee sea threat reef brie tea
fort form floor door more fought fur core thought fold force fork faux
fine fife hive fight dive five's fire vibe file knife live life fly
sick sixth fix mix stick sex sits socks seek sink since kicks
heaven eleven savage sever several seventy saving sun sudden servant
ate's aid ape age date eighty gate late wait it at hate bait edge
mine line dine night nice knife nigh sign pine nightly known noun nun mind
marvin sheila computer alexa okay happy bird cat dog tree house bed wow
forward backward follow learn visual
maybe hello please thanks light lamp music volume open close play pause
""".split()

FILLERS = """the of and a that it is was he for as with his they be at from this
have or by had but some what there we can out were all your when use word how
said each she which their time will way about many then them these so her would
make like him has look more day could come did my sound most who over know water
than call first people may side been now find any new work part take get place
made live where after back little only round man year came show every good me
give our under name very just form great think say help low line before turn
cause same mean move boy old too does tell sentence set want air well also play
small end put home read hand port large spell add even land here must big high
such follow act why ask men change light kind need house picture try again
animal point mother world near build self earth father head stand own page should
country found answer school grow study still learn plant cover food sun thought
city""".split()

# The keywords as voices of other languages are to read them.
FOREIGN = {
    "it": "ies nou on off ap daun left rait gou stop zirou uan tu tri for faiv "
          "sics seven eit nain",
    "fi": "jes nou on off ap daun left rait gou stop siirou uan tuu trii foor "
          "faiv siks seven eit nain",
    "cs": "jes nou on of ap daun left rajt gou stop zírou uan tů trí fór fajv "
          "siks sevn ejt najn",
    "ca": "ies nou on of ap daun left rait gou stop zirou uan tu tri for faiv "
          "sics seven eit nain",
    "ru": "йес ноу он офф ап даун лефт райт гоу стоп зироу уан ту три фор файв "
          "сикс севен эйт найн",
    "uk": "єс ноу он оф ап даун лефт райт гоу стоп зіроу уан ту трі фор файв "
          "сікс севен ейт найн",
    "eo": "jes noŭ on of ap daŭn left rajt goŭ stop ziroŭ ŭan tu tri for fajv "
          "siks seven ejt najn",
    "ky": "йес ноу он офф ап даун лефт райт гоу стоп зироу уан ту три фор файв "
          "сикс севен эйт найн",
    "mk": "јес ноу он оф ап даун лефт рајт гоу стоп зироу уан ту три фор фајв "
          "сикс севен ејт најн",
}
FOREIGN = {language: text.split() for language, text in FOREIGN.items()}

# Syllables of no meaning, so that such a voice also says what is no keyword.
SYLLABLES = {
    "latin": ["ma", "ke", "li", "so", "pu", "tan", "ver", "dol", "bi", "gal",
              "re", "mon", "fa", "pel", "ta", "ni", "kul", "lam", "vi", "ber"],
    "ru": ["ма", "ке", "ли", "со", "пу", "тан", "вер", "дол", "би", "гал",
           "ре", "мон", "фа", "пел", "та", "ни", "кул", "лам", "ви", "бер"],
}
for _language in ("uk", "ky", "mk"):
    SYLLABLES[_language] = SYLLABLES["ru"]


if __name__ == "__main__":
    print("\n".join(LABELS))
