# syntax=docker/dockerfile:1
# The demo deployment. No dependency needs a compiler, so neither stage has one.
FROM python:3.12-slim AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /opt/venv
WORKDIR /src
COPY requirements.lock ./
RUN /opt/venv/bin/pip install -r requirements.lock
COPY pyproject.toml hatch_build.py README.md LICENSE ./
COPY ui ./ui
COPY src ./src
RUN MOORAGE_UI=require /opt/venv/bin/pip install --no-deps .

FROM python:3.12-slim
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin moorage \
  && install -d -o 10001 /var/lib/moorage
COPY --from=build /opt/venv /opt/venv
WORKDIR /srv/moorage
COPY README.md ./
COPY docs ./docs
COPY config ./config
COPY app ./app
COPY routes ./routes
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 MOORAGE_BIND=0.0.0.0:8000 \
    MOORAGE_FEEDBACK_FILE=/var/lib/moorage/feedback.db
USER 10001
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
  CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/health', timeout=2)"]
CMD ["gunicorn", "-c", "config/gunicorn.conf.py", "app.server:app"]
