# syntax=docker/dockerfile:1
# Packages are installed in a stage of their own: pip and its leftovers stay there.
FROM python:3.11-slim AS packages
RUN python -m venv /opt/venv
WORKDIR /build
COPY requirements.txt requirements-cloudwatch.txt requirements-ldap.txt requirements-observability.txt ./
RUN /opt/venv/bin/pip install --no-cache-dir --no-compile --require-hashes \
        -r requirements.txt -r requirements-cloudwatch.txt -r requirements-ldap.txt \
        -r requirements-observability.txt \
    && /opt/venv/bin/pip uninstall --yes pip \
    && find /opt/venv -type d -name tests -prune -exec rm -r {} +

FROM python:3.11-slim
ARG VERSION=unknown
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Causebook" \
      org.opencontainers.image.description="Incident knowledge base and root-cause assistant" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.base.name="docker.io/library/python:3.11-slim"
# numba compiles for the processor of the host, so its files are with the data.
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    CAUSEBOOK_DATA_DIR=/data NUMBA_CACHE_DIR=/data/numba HOME=/tmp
# Letters for charts as PNG.
RUN apt-get update && apt-get install -y --no-install-recommends fonts-dejavu-core \
    && rm -rf /var/lib/apt/lists/* \
    && groupadd --system --gid 10001 causebook \
    && useradd --system --uid 10001 --gid 10001 --no-create-home --home-dir /tmp causebook \
    && install -d -m 700 -o causebook -g causebook /data
COPY --from=packages /opt/venv /opt/venv
WORKDIR /app
COPY . .
RUN python -m common.catalogs
RUN SECRET_KEY=only-for-collecting DATABASE_URL=postgresql://none/none CAUSEBOOK_DATA_DIR=/tmp \
    python manage.py collectstatic --noinput
# By number, so that Kubernetes sees that it is not root.
USER 10001:10001
VOLUME /data
EXPOSE 8000
CMD ["gunicorn", "config.wsgi", "--bind", "0.0.0.0:8000", "--workers", "2", "--threads", "8", "--preload", "--worker-tmp-dir", "/tmp", "--no-control-socket"]
