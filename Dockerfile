# syntax=docker/dockerfile:1

# Built here, thrown away: the packages of the lock, then this program as a wheel.
FROM python:3.11-slim AS build
WORKDIR /build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_NO_INPUT=1
RUN python -m venv --without-pip /opt/tripledger
COPY requirements/run.lock requirements/run.lock
RUN python -m pip --python /opt/tripledger/bin/python install \
        --require-hashes --only-binary :all: -r requirements/run.lock
COPY . .
RUN python -m pip --python /opt/tripledger/bin/python install --no-deps --no-build-isolation . \
    && python -m pip --python /opt/tripledger/bin/python uninstall --yes setuptools \
    && /opt/tripledger/bin/python -m compileall -q /opt/tripledger/lib

FROM python:3.11-slim
LABEL org.opencontainers.image.title="Tripledger" \
      org.opencontainers.image.description="Event-sourced, self-hosted checkout for travel" \
      org.opencontainers.image.licenses="Apache-2.0"
# The slim image brings no compiler; with pip gone nothing more can be installed either.
RUN python -m pip uninstall --yes --root-user-action=ignore setuptools wheel pip \
    && groupadd --gid 10001 tripledger \
    && useradd --uid 10001 --gid tripledger --no-create-home --home-dir /var/lib/tripledger \
        --shell /usr/sbin/nologin tripledger \
    && install --directory --owner tripledger --group tripledger --mode 0700 /var/lib/tripledger
COPY --from=build /opt/tripledger /opt/tripledger
ENV PATH=/opt/tripledger/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    TRIPLEDGER_DATA_DIR=/var/lib/tripledger \
    TRIPLEDGER_HOST=0.0.0.0 \
    TRIPLEDGER_PORT=8080
USER tripledger
WORKDIR /var/lib/tripledger
VOLUME /var/lib/tripledger
EXPOSE 8080
STOPSIGNAL SIGTERM
# For the API. A container of another role is given its own check, or none.
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as r; r.urlopen(f'http://127.0.0.1:{os.environ[\"TRIPLEDGER_PORT\"]}/healthz', timeout=4)"]
ENTRYPOINT ["tripledger"]
CMD ["serve"]
