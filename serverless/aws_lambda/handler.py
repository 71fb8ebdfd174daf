"""What AWS Lambda calls for each request."""

from mangum import Mangum

from app.server import app

handler = Mangum(app, lifespan="on")
