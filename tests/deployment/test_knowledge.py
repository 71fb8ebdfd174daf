from pathlib import Path

import pytest

from app.tools.knowledge import Knowledge, KnowledgeRetriever, search_tool
from app.tools.passages import Passage, read, split
from app.tools.terms import terms

HANDBOOK = """\
# Handbook

What this is.

## Streaming

Answers are streamed token by token.

```python
# not a heading
stream()
```

### On a slow line

Nothing is buffered.

## Keys

Keep them secret.
"""


@pytest.fixture
def knowledge() -> Knowledge:
    return Knowledge(list(split(HANDBOOK, "handbook.md")))


def test_a_file_is_split_at_its_headings_but_not_within_code():
    passages = list(split(HANDBOOK, "handbook.md"))
    assert [p.heading for p in passages] == [
        "Handbook",
        "Handbook > Streaming",
        "Handbook > Streaming > On a slow line",
        "Handbook > Keys",
    ]
    assert "# not a heading" in passages[1].text
    assert {p.source for p in passages} == {"handbook.md"}


def test_a_heading_with_nothing_under_it_is_no_passage():
    assert [p.heading for p in split("# Empty\n\n## Full\ntext", "x.md")] == ["Empty > Full"]


def test_a_page_that_is_not_for_search_is_left_out(tmp_path: Path):
    (tmp_path / "README.md").write_text("<!-- not for search -->\n# Facts\nOne.\n")
    assert read(tmp_path) == []


def test_the_readme_and_everything_below_docs_is_read(tmp_path: Path):
    (tmp_path / "docs" / "howto").mkdir(parents=True)
    for name in ("README.md", "CHANGELOG.md", "docs/b.md", "docs/howto/a.md"):
        (tmp_path / name).write_text("# Title\n\nText.")
    assert [p.source for p in read(tmp_path)] == ["README.md", "docs/b.md", "docs/howto/a.md"]


def test_a_folder_without_documentation_knows_nothing(tmp_path: Path):
    assert Knowledge(read(tmp_path)).search("anything") == []


def test_inflections_of_a_word_are_one_term_and_filler_words_are_none():
    assert len(set(terms("stream streams streamed streaming Streams"))) == 1
    assert terms("How do I do that?") == []


def test_the_passage_that_fits_best_comes_first(knowledge: Knowledge):
    found = knowledge.search("How do I stream an answer?")
    assert found[0].heading == "Handbook > Streaming"
    assert all(isinstance(passage, Passage) for passage in found)


def test_what_shares_no_word_is_not_found(knowledge: Knowledge):
    assert knowledge.search("the capital of France") == []
    assert knowledge.search("") == []


def test_no_more_is_found_than_asked_for(knowledge: Knowledge):
    assert len(knowledge.search("handbook")) == 4
    assert len(knowledge.search("handbook", limit=2)) == 2


@pytest.mark.anyio
async def test_the_retriever_gives_documents_with_their_source(knowledge: Knowledge):
    retriever = KnowledgeRetriever(knowledge=knowledge)
    documents = await retriever.ainvoke("secret keys")
    assert documents == retriever.invoke("secret keys")
    assert documents[0].page_content == "Keep them secret."
    assert documents[0].metadata == {"source": "handbook.md", "heading": "Handbook > Keys"}


@pytest.mark.anyio
async def test_the_tool_gives_the_same_passages_to_an_agent(knowledge: Knowledge):
    tool = search_tool(knowledge)
    assert tool.name == "search_knowledge"
    found = await tool.ainvoke({"query": "secret keys"})
    assert found == tool.invoke({"query": "secret keys"})
    assert found[0]["text"] == "Keep them secret."
