"""Filler for the demo corpus: everyday sentences, and reading exercises with made-up names."""

import random

_SENTENCES = (
    "The morning was {adjective} and the {place} was quiet.",
    "A {person} walked along the {place} with a {thing}.",
    "After lunch the {person} sat down and wrote a letter.",
    "It is often said that a good {thing} lasts for many years.",
    "Children like to play near the {place} when the weather is {adjective}.",
    "In the evening the {person} read a book about history.",
    "The {person} asked a question, and nobody knew the answer.",
    "On the table there was a {thing} and a cup of tea.",
    "The road to the {place} is long but the view is {adjective}.",
    "Every week the {person} goes to the {place} to meet a friend.",
    "When it rains, people stay inside and talk about the news.",
    "The {thing} was {adjective}, so the {person} put it back on the shelf.",
    "Later that day the {person} learned something new.",
    "Nobody in the {place} had ever seen such a {adjective} {thing}.",
)
_ADJECTIVES = ("warm", "cold", "bright", "dark", "strange", "lovely", "new", "simple", "heavy")
_PLACES = ("market", "river", "station", "library", "harbor", "park", "village", "school")
_PEOPLE = ("teacher", "doctor", "farmer", "student", "sailor", "painter", "neighbor", "cook")
_THINGS = ("map", "lamp", "coat", "clock", "basket", "camera", "ticket", "notebook", "chair")
_FIRST_NAMES = (
    "Anna Ben Clara David Emil Fiona Greta Hugo Irene Jonas Karin Liam Marta Nils Olga Paul "
    "Quentin Rosa Simon Tessa Ursula Viktor Wanda Xavier Yara Zoe"
).split()
_LAST_NAMES = (
    "Abbott Berg Carver Dunn Ellis Fisk Grant Holt Irving Jensen Kemp Lowell Marsh Nolan Ortiz "
    "Penn Quist Reeves Stone Tully Upton Vance Webb Yates Zeller"
).split()
_SYLLABLES = (
    "ba den fi gor hal jo kel lu mer nor os pra quil ros ste tan ul ver win yor zan"
).split()
_READINGS = (
    ("{x} was opened by {y}.", "Who opened {x}?", "{x} was opened by {y}."),
    ("{x} lives next to {y}.", "Who lives next to {y}?", "{x} lives next to {y}."),
    ("{x} was a gift for {y}.", "What was a gift for {y}?", "{x} was a gift for {y}."),
    ("{x} is a friend of {y}.", "Who is {x}?", "{x} is a friend of {y}."),
    ("{x} was repaired by {y}.", "Who repaired {x}?", "{x} was repaired by {y}."),
)


def plain_text(random_: random.Random) -> str:
    """Generate three to six everyday sentences."""
    return " ".join(
        random_.choice(_SENTENCES).format(
            adjective=random_.choice(_ADJECTIVES),
            place=random_.choice(_PLACES),
            person=random_.choice(_PEOPLE),
            thing=random_.choice(_THINGS),
        )
        for _ in range(random_.randint(3, 6))
    )


def invented_text(random_: random.Random) -> tuple[str, str, str]:
    """Generate a sentence about made-up names, a question about it, and the answer."""
    names = {"x": invented_name(random_), "y": invented_name(random_)}
    text, question, answer = random_.choice(_READINGS)

    def fill(template: str) -> str:
        filled = template.format(**names)
        return filled[0].upper() + filled[1:]

    return fill(text), fill(question), fill(answer)


def invented_name(random_: random.Random) -> str:
    """Generate a person's name or a made-up word, for example `Marta Holt` or `Kelnor`."""
    if random_.random() < 0.5:
        return f"{random_.choice(_FIRST_NAMES)} {random_.choice(_LAST_NAMES)}"
    word = "".join(random_.choice(_SYLLABLES) for _ in range(random_.randint(2, 4)))
    return word.capitalize()
