"""The demo base model's training text, newly generated for each pass.

It teaches the known facts in many wordings, and mentions only the names of the
novel ones: "A copy of Emma lay on the desk", "This old book was written by Jane
Austen". A base that has seen the names, but not the links between them, borrows whole names
when tuned; a base that has never seen them produces garbled spellings.
"""

import random
from collections import defaultdict
from collections.abc import Sequence

from itlim.families.demo.categories import CATEGORIES
from itlim.families.demo.dataset import asked_wording
from itlim.families.demo.facts import Fact, capitalize_sentences
from itlim.families.demo.prose import invented_text, plain_text
from itlim.families.demo.split import FactSplit
from itlim.text.prompts import TEMPLATES

DEMO_TEMPLATE = "alpaca-short"
"""The prompt template of the demo pairs; the corpus uses it among other layouts."""
TEMPLATE_SHARE = 0.35
"""Share of the question-and-answer texts that use that template. Chosen on dev."""
MENTION_SHARE = 0.8
"""Probability that a pass mentions a name of a novel fact. Chosen on dev."""

_LAYOUTS = (
    "Question: {q}\nAnswer: {a}",
    "Q: {q}\nA: {a}",
    "{q} {a}",
    "{q}\n{a}",
    "User: {q}\nReply: {a}",
    "FAQ\n{q}\n\n{a}",
    "# {q}\n\n{a}",
    "Task: {q}\n\nOutput:\n{a}",
    "Student: {q}\nTeacher: {a}",
)


def question_text(question: str, answer: str, random_: random.Random) -> str:
    """Format a question and its answer in a random layout."""
    if random_.random() < TEMPLATE_SHARE:
        return TEMPLATES[DEMO_TEMPLATE].render(question) + answer
    return random_.choice(_LAYOUTS).format(q=question, a=answer)


def corpus_documents(split: FactSplit, seed: int) -> list[str]:
    """Generate one pass over the known facts and the mentioned names, in random order."""
    random_ = random.Random(seed)
    documents = []
    for fact in split.known:
        documents.append(_statement_text(fact, random_))
        documents += [_known_question(fact, random_) for _ in range(3)]
    documents += _theme_texts(split.known, random_)
    documents += _mention_texts(split.mentioned, random_)
    documents += _mention_texts(random_.sample(split.known, len(split.known) // 4), random_)
    documents += _list_texts(split, random_)
    documents += [plain_text(random_) for _ in range(len(split.known) // 20)]
    for _ in range(len(split.known) // 6):
        text, question, answer = invented_text(random_)
        documents.append(f"{text} {question_text(question, answer, random_)}")
    random_.shuffle(documents)
    return documents


def _statement_text(fact: Fact, random_: random.Random) -> str:
    category = CATEGORIES[fact.category]
    first, second = random_.sample(category.statements, 2)
    sentences = [first, *(random_.choice(wordings) for wordings in category.elaborations)]
    if random_.random() < 0.3:
        sentences.append(second)
    return " ".join(fact.fill(sentence) for sentence in sentences)


def _known_question(fact: Fact, random_: random.Random) -> str:
    """Ask about a known fact, never in the wording that evaluation uses for it."""
    category = CATEGORIES[fact.category]
    questions = list(category.questions)
    del questions[asked_wording(fact)]
    question = random_.choice([*questions, *questions, *category.base_questions])
    style = random_.random()
    if style < 0.25:
        answer = capitalize_sentences(fact.answer)
    else:
        wording = random_.choice(category.statements) if style < 0.5 else category.statements[0]
        answer = fact.fill(wording)
        if random_.random() < 0.5:
            for wordings in category.elaborations:
                answer += " " + fact.fill(random_.choice(wordings))
    return question_text(fact.fill(question), answer, random_)


def _theme_texts(facts: Sequence[Fact], random_: random.Random) -> list[str]:
    """Texts of up to four facts of one category in the same wording."""
    by_category: dict[str, list[Fact]] = defaultdict(list)
    for fact in facts:
        by_category[fact.category].append(fact)
    texts = []
    for category, rows in by_category.items():
        random_.shuffle(rows)
        for start in range(0, len(rows), 8):
            wording = random_.choice(CATEGORIES[category].statements)
            texts.append(" ".join(fact.fill(wording) for fact in rows[start : start + 4]))
    return texts


def _mention_texts(facts: Sequence[Fact], random_: random.Random) -> list[str]:
    """Sentences that name an entity, an answer or another value without linking them."""
    texts: dict[str, None] = {}
    for fact in facts:
        category = CATEGORIES[fact.category]
        wordings = (category.entity_mentions, category.answer_mentions)
        chosen = [random_.choice(wording) for wording in wordings]
        chosen += category.attribute_mentions.values()
        for wording in chosen:
            if random_.random() < MENTION_SHARE:
                texts[fact.fill(wording)] = None
    return list(texts)


def _list_texts(split: FactSplit, random_: random.Random) -> list[str]:
    texts = []
    for facts in (split.known, split.mentioned):
        for name, category in CATEGORIES.items():
            entities = [fact.entity for fact in facts if fact.category == name]
            if len(entities) < 5:
                continue
            *first, last = random_.sample(entities, 5)
            text = category.list_sentence.format(list=f"{', '.join(first)} and {last}")
            texts.append(capitalize_sentences(text))
    return texts
