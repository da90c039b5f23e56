# dnbot's image: the daemon and every command but `demo`, which needs a checkout.
#   docker build -t dnbot .        docker/compose.yaml runs it with everything around it

FROM python:3.13-slim-trixie AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /src
# Without pip in it: what runs needs no installer.
RUN python3 -m venv --without-pip /venv && python3 -m venv /build
COPY requirements.lock requirements-build.lock ./
RUN pip --python /venv/bin/python install -q --no-compile --require-hashes -r requirements.lock \
 && /build/bin/pip install -q --require-hashes -r requirements-build.lock
COPY pyproject.toml README.md LICENSE ./
COPY bot bot
# Left out: test suites, C sources, Apprise's translations, and python-telegram-bot's framework of handlers.
# Byte code is written here, once, since the file system is read-only later.
RUN /build/bin/pip wheel -q --no-deps --no-build-isolation --wheel-dir /wheel . \
 && pip --python /venv/bin/python install -q --no-compile --no-deps /wheel/*.whl \
 && cd /venv/lib/python3.13/site-packages \
 && find . -type d \( -name tests -o -name test -o -name SelfTest \) -prune -exec rm -rf {} + \
 && find . -type f \( -name '*.c' -o -name '*.h' -o -name '*.pyx' -o -name '*.pxd' -o -name '*.pyi' \) -delete \
 && rm -rf apprise/i18n telegram/ext /venv/share \
 && /venv/bin/python -m compileall -q -j 0 -x '/lexers/' . \
 && /venv/bin/dnbot --version

FROM python:3.13-slim-trixie
LABEL org.opencontainers.image.title="dnbot" \
      org.opencontainers.image.description="A delta-neutral rebalancing daemon for AMM liquidity providers" \
      org.opencontainers.image.licenses="MIT"
RUN mkdir /state /config && chown 10001:10001 /state
COPY --from=build /venv /venv
COPY config /config
ENV PATH=/venv/bin:$PATH \
    HOME=/state \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    DNBOT_BOT__STATE_DIR=/state
USER 10001:10001
WORKDIR /state
VOLUME ["/state"]
EXPOSE 9464
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=90s --retries=3 \
  CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:9464/livez', timeout=4)"]
ENTRYPOINT ["dnbot"]
CMD ["run", "-c", "/config/dnbot.toml"]
