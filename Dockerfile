# The autograder for any machine with Docker. docs/isolation.md shows how to build and run it, and its
# isolation tier. Its Python is as new as Colab's, so that it can read what students write there.
FROM python:3.13-slim

# For tier A, if Docker allows namespaces.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends bubblewrap \
    && rm -rf /var/lib/apt/lists/*

# The CPU build of torch is a tenth of the size of the CUDA build. Packages are a layer of their own,
# so that a change of the kit does not download them again.
WORKDIR /kit
COPY pyproject.toml ./
RUN pip install --no-cache-dir torch torchvision --index-url https://download.pytorch.org/whl/cpu \
    && pip install --no-cache-dir .

COPY . .
RUN python -m compileall -q autograder quantlab instructor \
    && chmod -R a+rX /kit \
    && useradd --uid 10001 --create-home marker

# Import the kit from any folder, and never a file of the current folder instead.
ENV PYTHONPATH=/kit \
    PYTHONSAFEPATH=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    XDG_CACHE_HOME=/tmp/cache \
    AUTOGRADER_SECRET_FILE=/grading/course_secret

USER marker
WORKDIR /grading
ENTRYPOINT ["python", "-m", "autograder"]
CMD ["isolation"]
