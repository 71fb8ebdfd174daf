"""The runnables under measurement: the same for every peer, with hardly any work of their own."""

from collections.abc import AsyncIterator
from typing import Any

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.documents import Document
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import Runnable, RunnableConfig, RunnableLambda

TOKENS = tuple(f"token{number:02} " for number in range(20))
DOCUMENTS = 100
DOCUMENT_CHARACTERS = 1000


class TwentyTokens(BaseChatModel):
    """A chat model that gives the same twenty tokens without waiting for anything."""

    @property
    def _llm_type(self) -> str:
        return "twenty-tokens"

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        del messages, stop, run_manager, kwargs
        return ChatResult(generations=[ChatGeneration(message=AIMessage("".join(TOKENS)))])

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        del run_manager
        return self._generate(messages, stop, None, **kwargs)

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        del messages, stop, kwargs
        for token in TOKENS:
            chunk = ChatGenerationChunk(message=AIMessageChunk(content=token))
            if run_manager is not None:
                await run_manager.on_llm_new_token(token, chunk=chunk)
            yield chunk


class Nothing(Runnable[int, int]):
    """Returns what it is given, without LangChain's machinery: all that is left is the host's."""

    def invoke(self, input: int, config: RunnableConfig | None = None, **kwargs: Any) -> int:  # noqa: A002
        """Return the input."""
        del config, kwargs
        return input

    async def ainvoke(self, input: int, config: RunnableConfig | None = None, **kwargs: Any) -> int:  # noqa: A002
        """Return the input."""
        return self.invoke(input, config, **kwargs)

    async def astream(
        self,
        input: int,  # noqa: A002
        config: RunnableConfig | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[int]:
        """Give the input twenty times."""
        for _ in TOKENS:
            yield self.invoke(input, config, **kwargs)


def adder(name: str = "add_one") -> Runnable[int, int]:
    """The cheapest runnable there is: an async function from int to int."""

    async def add_one(number: int) -> int:
        return number + 1

    return RunnableLambda(add_one, name=name)


def chain() -> Runnable[dict[str, str], BaseMessage]:
    """A prompt with one variable, then the model."""
    prompt = ChatPromptTemplate.from_messages(
        [("system", "You are a harbour pilot."), ("human", "Tell me about {topic}.")]
    )
    return prompt | TwentyTokens()


def library() -> Runnable[int, list[Document]]:
    """Gives documents that were made beforehand, as a retriever in memory would."""
    documents = [_document(number) for number in range(DOCUMENTS)]

    async def first_documents(number: int) -> list[Document]:
        return documents[:number]

    return RunnableLambda(first_documents, name="library")


def _document(number: int) -> Document:
    text = f'Berth {number:03}: the quay is free, the crew "ashore".\n' * 30
    return Document(
        text[:DOCUMENT_CHARACTERS], metadata={"source": f"berths/{number}.md", "page": number}
    )
