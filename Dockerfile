FROM python:3.11-slim
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
# Letters for charts as PNG.
RUN apt-get update && apt-get install -y --no-install-recommends fonts-dejavu-core \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY requirements.txt requirements-cloudwatch.txt ./
RUN pip install --no-cache-dir --require-hashes -r requirements.txt -r requirements-cloudwatch.txt
COPY . .
RUN SECRET_KEY=only-for-collecting DATABASE_URL=postgresql://none/none python manage.py collectstatic --noinput \
    && useradd --system causebook && install -d -m 700 -o causebook /data
USER causebook
ENV CAUSEBOOK_DATA_DIR=/data
EXPOSE 8000
CMD ["gunicorn", "config.wsgi", "--bind", "0.0.0.0:8000", "--workers", "2", "--threads", "8", "--no-control-socket"]
