"""A search over Markdown documentation, as a retriever and as an agent's tool."""

from collections.abc import Sequence

import bm25s
from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from langchain_core.tools import BaseTool, StructuredTool
from typing_extensions import TypedDict

from app.tools.passages import Passage
from app.tools.terms import terms


class Found(TypedDict):
    """One passage as the tool returns it."""

    source: str
    heading: str
    text: str


class Knowledge:
    """An index of passages.

    Args:
        passages: What can be found.
    """

    def __init__(self, passages: Sequence[Passage]) -> None:
        self._passages = passages
        self._index = bm25s.BM25()
        if passages:
            # The heading counts twice: it says what the passage is about.
            texts = [terms(f"{p.heading} {p.heading} {p.text}") for p in passages]
            self._index.index(texts, show_progress=False)

    def search(self, query: str, limit: int = 4) -> list[Passage]:
        """Return up to ``limit`` passages that share words with ``query``, the best first."""
        known = self._index.vocab_dict if self._passages else {}
        asked = [term for term in terms(query) if term in known]
        if not asked:
            return []
        limit = min(limit, len(self._passages))
        places, scores = self._index.retrieve([asked], k=limit, show_progress=False)
        found = zip(places[0], scores[0], strict=True)
        return [self._passages[place] for place, score in found if score > 0]


class KnowledgeRetriever(BaseRetriever):
    """The search as a retriever: documents with ``source`` and ``heading`` in their metadata.

    Attributes:
        knowledge: What is searched.
    """

    name: str | None = "search"
    knowledge: Knowledge

    def _get_relevant_documents(
        self,
        query: str,
        *,
        run_manager: CallbackManagerForRetrieverRun,  # noqa: ARG002
    ) -> list[Document]:
        return [
            Document(p.text, metadata={"source": p.source, "heading": p.heading})
            for p in self.knowledge.search(query)
        ]


def search_tool(knowledge: Knowledge) -> BaseTool:
    """Make the tool ``search_knowledge`` of an agent."""

    def search_knowledge(query: str) -> list[Found]:
        """Search the documentation of this service.

        Args:
            query: Keywords, or a question.
        """
        found = knowledge.search(query)
        return [Found(source=p.source, heading=p.heading, text=p.text) for p in found]

    async def without_a_thread(query: str) -> list[Found]:
        return search_knowledge(query)

    return StructuredTool.from_function(
        search_knowledge, coroutine=without_a_thread, parse_docstring=True
    )
