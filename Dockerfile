# syntax=docker/dockerfile:1
FROM python:3.13-slim AS build
WORKDIR /src
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY alerts alerts
COPY bot bot
COPY broker broker
COPY market market
COPY storage storage
COPY trading trading
RUN python -m venv /opt/squawkbot \
    && /opt/squawkbot/bin/pip install --no-cache-dir --disable-pip-version-check --constraint constraints.txt '.[ib-async]'

FROM python:3.13-slim
RUN useradd --system --uid 10001 --home-dir /data --shell /usr/sbin/nologin squawkbot \
    && install -d -o squawkbot -g squawkbot -m 0700 /data
COPY --from=build /opt/squawkbot /opt/squawkbot
ENV PATH=/opt/squawkbot/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    MPLCONFIGDIR=/tmp/matplotlib \
    DATABASE_URL=sqlite:////data/squawkbot.db \
    HTTP_PORT=8650
USER squawkbot
WORKDIR /data
VOLUME /data
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen(f'http://127.0.0.1:{os.environ[\"HTTP_PORT\"]}/healthz', timeout=4)"]
ENTRYPOINT ["squawkbot"]
CMD ["run"]
