# Linted by the tests, and nothing more: no test builds or runs it.
FROM python:3.11-slim-bookworm AS build
WORKDIR /src
COPY requirements.lock ./
RUN python -m venv /opt/tenggat \
    && /opt/tenggat/bin/pip install --no-cache-dir --require-hashes --no-deps -r requirements.lock
COPY . .
RUN /opt/tenggat/bin/pip install --no-cache-dir --no-deps .

FROM python:3.11-slim-bookworm
ENV PATH=/opt/tenggat/bin:$PATH PYTHONUNBUFFERED=1
RUN useradd --uid 10001 --create-home --home-dir /var/lib/tenggat tenggat
COPY --from=build /opt/tenggat /opt/tenggat
USER 10001
WORKDIR /var/lib/tenggat
EXPOSE 8000
CMD ["tenggat", "up"]
