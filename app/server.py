"""The demo as an ASGI application: what uvicorn, gunicorn and Lambda import."""

from functools import partial

from app.agents.documentation import documentation_agent
from app.agents.models import chat_model
from app.agents.provider_errors import explain
from app.agents.summary import summary_chain
from app.tools.knowledge import Knowledge, KnowledgeRetriever
from app.tools.passages import read
from config.settings import Settings
from moorage import create_app
from routes import agent, chain, chat_stream, retriever

settings = Settings.load()
model = chat_model(settings.model)
knowledge = Knowledge(read(settings.knowledge))
documentation = documentation_agent(model, knowledge)

app = create_app(
    settings, error_mapper=explain, checks={"model": partial(model.ainvoke, "Say yes.")}
)
agent.publish(app, documentation)
chain.publish(app, summary_chain(model))
retriever.publish(app, KnowledgeRetriever(knowledge=knowledge))
chat_stream.publish(app, documentation)
