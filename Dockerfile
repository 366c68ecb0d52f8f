# The autograder on any machine with Docker: docs/isolation.md shows how to build and run it, and
# which tier of isolation student code gets inside.
FROM python:3.12-slim

# For tier A, where Docker lets it make namespaces.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends bubblewrap \
    && rm -rf /var/lib/apt/lists/*

# torch for processors only: a tenth of the size of the one with CUDA, and nothing here needs that.
# First the packages alone, which a change of the kit does not fetch again.
WORKDIR /kit
COPY pyproject.toml ./
RUN pip install --no-cache-dir torch torchvision --index-url https://download.pytorch.org/whl/cpu \
    && pip install --no-cache-dir .

COPY . .
RUN python -m compileall -q autograder quantlab instructor \
    && chmod -R a+rX /kit \
    && useradd --uid 10001 --create-home marker

# The kit is found from any folder, and no file that lies in the current one is imported instead.
ENV PYTHONPATH=/kit \
    PYTHONSAFEPATH=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    XDG_CACHE_HOME=/tmp/cache \
    AUTOGRADER_SECRET_FILE=/marking/course_secret

USER marker
WORKDIR /marking
ENTRYPOINT ["python", "-m", "autograder"]
CMD ["isolation"]
