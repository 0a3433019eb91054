# Chalandise's worker and commands: no compiler and no pip in it at the end, and no root.
FROM python:3.12.12-slim-bookworm AS build
WORKDIR /source
RUN python -m venv --without-pip /chalandise
COPY requirements.lock .
RUN pip --python /chalandise/bin/python install --no-cache-dir --require-hashes --only-binary=:all: -r requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY geofences geofences
COPY offers offers
COPY config config
COPY streams streams
RUN pip --python /chalandise/bin/python install --no-cache-dir --no-deps --no-index --no-build-isolation .

FROM python:3.12.12-slim-bookworm
COPY --from=build /chalandise /chalandise
RUN useradd --system --uid 10001 --no-create-home chalandise && install -d -o chalandise /var/cache/chalandise
# What the index compiles: here already, for the same kind of processor; elsewhere it is compiled once more at the start.
ENV PATH=/chalandise/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 NUMBA_CACHE_DIR=/var/cache/chalandise
# Faust makes its data folder in the folder where it is started.
WORKDIR /tmp
USER 10001
RUN ["python", "-c", "from geofences.index import GeofenceIndex; GeofenceIndex([])"]
# Whether the process turns at all: what is away is waited for, and /readyz says so.
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 CMD ["python", "-c", \
    "import urllib.request as web; web.urlopen('http://127.0.0.1:9464/livez', timeout=3)"]
ENTRYPOINT ["chalandise"]
CMD ["worker"]
