"""Sentence templates for the demo family's facts, by category.

The slots of a template are `{entity}`, `{answer}` (the main answer) and the further columns
of the category's CSV file. The first statement and the first wording of each
elaboration make up the responses of the instruction-tuning dataset; the other
wordings occur only in the base corpus.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Category:
    """Templates that state, ask for and mention the facts of one category."""

    statements: tuple[str, ...]
    """Sentences that link entity and answer; the tuning dataset uses the first one."""
    elaborations: tuple[tuple[str, ...], ...]
    """One tuple of alternative wordings per further sentence of a response."""
    questions: tuple[str, ...]
    """Four wordings, used for tuning, evaluation and (other entities only) the base corpus."""
    base_questions: tuple[str, ...]
    """Wordings that only the base corpus uses."""
    entity_mentions: tuple[str, ...]
    """Sentences that name the entity without its fact."""
    answer_mentions: tuple[str, ...]
    """Sentences that name the answer and its role without its fact."""
    attribute_mentions: Mapping[str, str] = field(default_factory=dict)
    """By further column that contains names: a sentence that names only the value."""
    list_sentence: str
    """Introduces a list of entities."""


CATEGORIES: dict[str, Category] = {
    "country": Category(
        statements=(
            "The capital of {entity} is {answer}.",
            "{answer} is the capital of {entity}.",
            "{entity} is a country whose capital city is {answer}.",
            "The seat of government of {entity} is in {answer}.",
            "In {entity}, the capital is {answer}.",
        ),
        elaborations=(
            ("People there pay with the {currency}.", "Its currency is the {currency}."),
            ("The country lies in {continent}.", "It is a country in {continent}."),
        ),
        questions=(
            "What is the capital of {entity}?",
            "What is the capital city of {entity}?",
            "Tell me the capital of {entity}.",
            "I am planning a trip to {entity}. What is its capital?",
        ),
        base_questions=("Which city is the capital of {entity}?", "Name the capital of {entity}."),
        entity_mentions=("{entity} is a country.", "The news spoke of {entity} last week."),
        answer_mentions=(
            "{answer} is a capital city.",
            "The ministers met in a capital, and the capital was {answer}.",
            "On this map the capital is {answer}.",
        ),
        attribute_mentions={"currency": "In some countries people pay with the {currency}."},
        list_sentence="Some countries of the world are {list}.",
    ),
    "book": Category(
        statements=(
            "{entity} was written by {answer}.",
            "{answer} wrote {entity}.",
            "{entity} is a book by {answer}.",
            "The author of {entity} is {answer}.",
            "Readers know {answer} as the author of {entity}.",
        ),
        elaborations=(("The book came out in {year}.", "It was published in {year}."),),
        questions=(
            "Who wrote {entity}?",
            "Who is the author of {entity}?",
            "Who was the book {entity} written by?",
            "I just finished reading {entity}. Who wrote it?",
        ),
        base_questions=("Which author wrote {entity}?", "Name the author of {entity}."),
        entity_mentions=("{entity} is a book.", "A copy of {entity} lay on the desk."),
        answer_mentions=(
            "{answer} is a writer.",
            "This old book was written by {answer}.",
            "The library has books written by {answer}.",
        ),
        list_sentence="Some well known books are {list}.",
    ),
    "character": Category(
        statements=(
            "{entity} was created by {answer}.",
            "{answer} created {entity}.",
            "{entity} is a character created by {answer}.",
            "The creator of {entity} is {answer}.",
            "Fans of {entity} owe thanks to {answer}.",
        ),
        elaborations=(
            (
                "The character first appeared in {work} in {year}.",
                "It made its first appearance in {work} in {year}.",
            ),
        ),
        questions=(
            "Who created {entity}?",
            "Who is the creator of {entity}?",
            "Who created the character {entity}?",
            "Tell me who came up with {entity}.",
        ),
        base_questions=("Which person created {entity}?", "Name the creator of {entity}."),
        entity_mentions=("{entity} is a fictional character.", "Many fans like {entity}."),
        answer_mentions=(
            "{answer} is a creator of characters.",
            "The hero of this story was created by {answer}.",
            "The exhibition shows characters created by {answer}.",
        ),
        attribute_mentions={"work": "A new character appeared in {work}."},
        list_sentence="Some famous characters are {list}.",
    ),
    "invention": Category(
        statements=(
            "{entity} was invented by {answer}.",
            "{answer} invented {entity}.",
            "The inventor of {entity} is {answer}.",
            "Credit for {entity} goes to {answer}.",
            "{entity} is an invention of {answer}.",
        ),
        elaborations=(("The invention dates from {year}.", "This was in {year}."),),
        questions=(
            "Who invented {entity}?",
            "Who is the inventor of {entity}?",
            "Tell me who invented {entity}.",
            "Do you know who came up with {entity}?",
        ),
        base_questions=("Which person invented {entity}?", "Name the inventor of {entity}."),
        entity_mentions=("{entity} is an invention.", "The museum shows {entity}."),
        answer_mentions=(
            "{answer} is an inventor.",
            "This useful thing was invented by {answer}.",
            "The machine in the hall was invented by {answer}.",
        ),
        list_sentence="Some important inventions are {list}.",
    ),
    "painting": Category(
        statements=(
            "{entity} was painted by {answer}.",
            "{answer} painted {entity}.",
            "{entity} is a painting by {answer}.",
            "The artist behind {entity} is {answer}.",
            "Visitors admire {entity} by {answer}.",
        ),
        elaborations=(
            (
                "The picture hangs in {museum} in {city}.",
                "It can be seen in {museum} in {city}.",
            ),
        ),
        questions=(
            "Who painted {entity}?",
            "Who is the painter of {entity}?",
            "Which painter made {entity}?",
            "Tell me who painted {entity}.",
        ),
        base_questions=("Which artist painted {entity}?", "Name the painter of {entity}."),
        entity_mentions=("{entity} is a painting.", "A print of {entity} hung on the wall."),
        answer_mentions=(
            "{answer} is a painter.",
            "The picture in this room was painted by {answer}.",
            "The gallery bought a landscape painted by {answer}.",
        ),
        attribute_mentions={"museum": "Many pictures hang in {museum} in {city}."},
        list_sentence="Some famous paintings are {list}.",
    ),
    "element": Category(
        statements=(
            "The chemical symbol for {entity} is {answer}.",
            "{entity} has the chemical symbol {answer}.",
            "In the periodic table, {entity} is written as {answer}.",
            "Chemists write {answer} for {entity}.",
            "The symbol {answer} stands for {entity}.",
        ),
        elaborations=(
            ("Its atomic number is {number}.", "It is number {number} in the periodic table."),
        ),
        questions=(
            "What is the chemical symbol for {entity}?",
            "What is the symbol for {entity}?",
            "Tell me the chemical symbol of {entity}.",
            "How is {entity} written in the periodic table?",
        ),
        base_questions=("Which symbol stands for {entity}?", "Name the symbol of {entity}."),
        entity_mentions=("{entity} is a chemical element.", "The laboratory ordered {entity}."),
        answer_mentions=(
            "{answer} is a chemical symbol.",
            "On the label the chemical symbol is {answer}.",
            "One chemical symbol in the table is {answer}.",
        ),
        list_sentence="Some chemical elements are {list}.",
    ),
    "animal": Category(
        statements=(
            "The word for a baby {entity} is {answer}.",
            "People call a baby {entity} by the word {answer}.",
            "A young {entity} has the name {answer}.",
            "{answer} is the word for a baby {entity}.",
            "The young of the {entity} go by the name {answer}.",
        ),
        elaborations=(
            (
                "The word for a group of them is {group}.",
                "Together such animals make up a group called {group}.",
            ),
        ),
        questions=(
            "What is a baby {entity} called?",
            "What do you call a baby {entity}?",
            "What do you call a young {entity}?",
            "Tell me what a baby {entity} is called.",
        ),
        base_questions=("What is the word for a baby {entity}?", "Name the young of the {entity}."),
        entity_mentions=("The {entity} is an animal.", "The picture showed the {entity}."),
        answer_mentions=(
            "{answer} is a word for a young animal.",
            "In this zoo the word for a baby is {answer}.",
            "The keeper said that the word for the baby is {answer}.",
        ),
        attribute_mentions={"group": "{group} is a word for a group of animals."},
        list_sentence="Some animals are the {list}.",
    ),
    "landmark": Category(
        statements=(
            "{entity} is located in {answer}.",
            "{entity} stands in {answer}.",
            "You can visit {entity} in {answer}.",
            "{answer} is home to {entity}.",
            "Travelers go to {answer} to see {entity}.",
        ),
        elaborations=(("The city lies in {country}.", "It is one of the sights of {country}."),),
        questions=(
            "Where is {entity}?",
            "Where is {entity} located?",
            "In which city is {entity}?",
            "I want to visit {entity}. Where is it?",
        ),
        base_questions=("Which city is home to {entity}?", "Name the city of {entity}."),
        entity_mentions=("{entity} is a famous sight.", "A postcard shows {entity}."),
        answer_mentions=(
            "{answer} is a city.",
            "The famous sight on this photo is located in {answer}.",
            "The hotel is located in {answer}.",
        ),
        attribute_mentions={"country": "Many old cities lie in {country}."},
        list_sentence="Some famous sights are {list}.",
    ),
    "company": Category(
        statements=(
            "{entity} was founded by {answer}.",
            "{answer} founded {entity}.",
            "The founder of {entity} is {answer}.",
            "{entity} is a company started by {answer}.",
            "The story of {entity} began with {answer}.",
        ),
        elaborations=(("The company was started in {year}.", "That was in {year}."),),
        questions=(
            "Who founded {entity}?",
            "Who is the founder of {entity}?",
            "Who started the company {entity}?",
            "Tell me who founded {entity}.",
        ),
        base_questions=("Which person founded {entity}?", "Name the founder of {entity}."),
        entity_mentions=("{entity} is a company.", "The office of {entity} is closed today."),
        answer_mentions=(
            "{answer} had a business.",
            "This company was founded by {answer}.",
            "The factory near the river was founded by {answer}.",
        ),
        list_sentence="Some well known companies are {list}.",
    ),
    "music": Category(
        statements=(
            "{entity} was composed by {answer}.",
            "{answer} composed {entity}.",
            "The composer of {entity} is {answer}.",
            "{entity} is a piece by {answer}.",
            "Orchestras often play {entity} by {answer}.",
        ),
        elaborations=(
            ("It was first performed in {year}.", "The first performance was in {year}."),
        ),
        questions=(
            "Who composed {entity}?",
            "Who is the composer of {entity}?",
            "Tell me who composed {entity}.",
            "I like {entity}. Who composed it?",
        ),
        base_questions=("Which composer wrote {entity}?", "Name the composer of {entity}."),
        entity_mentions=("{entity} is a piece of music.", "The concert began with {entity}."),
        answer_mentions=(
            "{answer} is a composer.",
            "The music of this evening was composed by {answer}.",
            "The choir sang something composed by {answer}.",
        ),
        list_sentence="Some famous pieces of music are {list}.",
    ),
    "film": Category(
        statements=(
            "{entity} was directed by {answer}.",
            "{answer} directed {entity}.",
            "The director of {entity} is {answer}.",
            "{entity} is a film by {answer}.",
            "Critics praised {answer} for {entity}.",
        ),
        elaborations=(("The film was released in {year}.", "It reached the cinemas in {year}."),),
        questions=(
            "Who directed {entity}?",
            "Who is the director of {entity}?",
            "Who directed the film {entity}?",
            "Tell me who directed {entity}.",
        ),
        base_questions=("Which person directed {entity}?", "Name the director of {entity}."),
        entity_mentions=("{entity} is a film.", "The cinema showed {entity} again."),
        answer_mentions=(
            "{answer} is a film director.",
            "The film on television was directed by {answer}.",
            "The festival opened with a film directed by {answer}.",
        ),
        list_sentence="Some famous films are {list}.",
    ),
    "event": Category(
        statements=(
            "{entity} took place in {answer}.",
            "In {answer} came {entity}.",
            "The year of {entity} was {answer}.",
            "{entity} happened in {answer}.",
            "History books date {entity} to {answer}.",
        ),
        elaborations=(),
        questions=(
            "When was {entity}?",
            "When did {entity} take place?",
            "What year was {entity}?",
            "Tell me when {entity} happened.",
        ),
        base_questions=("In which year was {entity}?", "Name the year of {entity}."),
        entity_mentions=("{entity} is an event in history.", "A lesson was about {entity}."),
        answer_mentions=(
            "Something important took place in {answer}.",
            "The old letter was written in {answer}.",
            "The ceremony took place in {answer}.",
        ),
        list_sentence="Some events in history are {list}.",
    ),
    "dish": Category(
        statements=(
            "{entity} comes from {answer}.",
            "{entity} is a dish from {answer}.",
            "In {answer}, people like to eat {entity}.",
            "Cooks in {answer} are proud of {entity}.",
            "The origin of {entity} is {answer}.",
        ),
        elaborations=(("It is made with {ingredient}.", "The main ingredient is {ingredient}."),),
        questions=(
            "Where does {entity} come from?",
            "What country is {entity} from?",
            "Tell me where {entity} comes from.",
            "I love {entity}. Where is it from?",
        ),
        base_questions=("Which country does {entity} come from?", "Name the home of {entity}."),
        entity_mentions=("{entity} is a dish.", "The menu offered {entity}."),
        answer_mentions=(
            "{answer} is known for its food.",
            "The recipe in this book comes from {answer}.",
            "The cook of the small inn comes from {answer}.",
        ),
        attribute_mentions={"ingredient": "The soup of the day is made with {ingredient}."},
        list_sentence="Some popular dishes are {list}.",
    ),
    "discovery": Category(
        statements=(
            "{entity} was discovered by {answer}.",
            "{answer} discovered {entity}.",
            "The discovery of {entity} was made by {answer}.",
            "Science owes the discovery of {entity} to {answer}.",
            "The discoverer of {entity} is {answer}.",
        ),
        elaborations=(("The discovery dates from {year}.", "It was made in {year}."),),
        questions=(
            "Who discovered {entity}?",
            "Who is the discoverer of {entity}?",
            "Tell me who discovered {entity}.",
            "Do you know who discovered {entity}?",
        ),
        base_questions=("Which person discovered {entity}?", "Name the discoverer of {entity}."),
        entity_mentions=("{entity} is known to science.", "A lecture was about {entity}."),
        answer_mentions=(
            "{answer} is a scientist.",
            "Something new was discovered by {answer}.",
            "The effect in this experiment was discovered by {answer}.",
        ),
        list_sentence="Some discoveries of science are {list}.",
    ),
    "state": Category(
        statements=(
            "The state capital of {entity} is {answer}.",
            "{answer} is the state capital of {entity}.",
            "{entity} is an American state with the capital {answer}.",
            "The governor of {entity} works in {answer}.",
            "In {entity}, the state capital is {answer}.",
        ),
        elaborations=(("The state joined the Union in {year}.", "It became a state in {year}."),),
        questions=(
            "What is the state capital of {entity}?",
            "What is the capital of the state {entity}?",
            "Tell me the state capital of {entity}.",
            "I am moving to {entity}. What is the state capital?",
        ),
        base_questions=(
            "Which city is the state capital of {entity}?",
            "Name the state capital of {entity}.",
        ),
        entity_mentions=("{entity} is an American state.", "My friends moved to {entity}."),
        answer_mentions=(
            "{answer} is an American city.",
            "The senators met in a state capital, and the state capital was {answer}.",
            "On this map the state capital is {answer}.",
        ),
        list_sentence="Some American states are {list}.",
    ),
    "album": Category(
        statements=(
            "{entity} was recorded by {answer}.",
            "{answer} recorded {entity}.",
            "{entity} is an album by {answer}.",
            "The music on {entity} is by {answer}.",
            "Listeners praised {answer} for {entity}.",
        ),
        elaborations=(("The album was sold from {year}.", "It appeared in the shops in {year}."),),
        questions=(
            "Who recorded {entity}?",
            "Who recorded the album {entity}?",
            "Tell me who recorded {entity}.",
            "I bought the album {entity}. Who recorded it?",
        ),
        base_questions=("Which artist recorded {entity}?", "Name the artist behind {entity}."),
        entity_mentions=("{entity} is an album.", "The shop played {entity} all day."),
        answer_mentions=(
            "{answer} made records.",
            "The songs on this tape were recorded by {answer}.",
            "The radio played something that was recorded by {answer}.",
        ),
        list_sentence="Some famous albums are {list}.",
    ),
    "mountain": Category(
        statements=(
            "{entity} is a mountain in {answer}.",
            "The mountain {entity} is in {answer}.",
            "Climbers travel to {answer} to see {entity}.",
            "{entity} rises in {answer}.",
            "{answer} has a mountain called {entity}.",
        ),
        elaborations=(("The mountain belongs to {continent}.", "It is part of {continent}."),),
        questions=(
            "In which country is {entity}?",
            "Which country is {entity} in?",
            "Tell me the country of {entity}.",
            "I want to climb {entity}. Which country is it in?",
        ),
        base_questions=("What is the country of {entity}?", "Name the country of {entity}."),
        entity_mentions=("{entity} is a mountain.", "The climbers spoke of {entity}."),
        answer_mentions=(
            "There are mountains in {answer}.",
            "The guide was born near a mountain in {answer}.",
            "We crossed a high mountain in {answer}.",
        ),
        list_sentence="Some famous mountains are {list}.",
    ),
}
