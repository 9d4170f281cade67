# The build stage runs the make target that CI runs too; the image holds the finished environment only.
FROM python:3.12-slim AS build
RUN apt-get update \
 && apt-get install --yes --no-install-recommends make \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY Makefile pyproject.toml README.md LICENSE NOTICE ./
COPY requirements requirements
COPY alertd alertd
RUN make install PYTHON=python3.12 PREFIX=/opt/alertd

FROM python:3.12-slim
LABEL org.opencontainers.image.title="alertd" \
      org.opencontainers.image.description="News alerts for the companies a desk cares about, once, with the reason" \
      org.opencontainers.image.licenses="Apache-2.0"
RUN groupadd --gid 10001 alertd \
 && useradd --uid 10001 --gid alertd --home-dir /srv/alertd --create-home --shell /usr/sbin/nologin alertd \
 && mkdir /srv/alertd/config /srv/alertd/state \
 && chown alertd:alertd /srv/alertd/config /srv/alertd/state
COPY --from=build /opt/alertd /opt/alertd
ENV PATH=/opt/alertd/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    HF_HUB_OFFLINE=1
USER 10001:10001
WORKDIR /srv/alertd
# config/ is what a user edits, mounted read-only; state/ keeps the embedded Redis when no other one is named
VOLUME ["/srv/alertd/state"]
EXPOSE 8321
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 CMD ["alertd", "health", "--config", "config"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["alertd"]
CMD ["run", "--config", "config"]
