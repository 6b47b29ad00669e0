# fintank on Debian 12; docs/containers.md explains. Only make is installed here: it installs everything else.
FROM debian:12 AS setup
RUN apt-get update && apt-get install -y --no-install-recommends make && rm -rf /var/lib/apt/lists/*
RUN useradd --create-home fintank
WORKDIR /home/fintank/fintank
COPY . .
# Leiningen keeps its jars in the home folder that Java finds, which is not HOME.
RUN HOME=/home/fintank LEIN_JVM_OPTS=-Duser.home=/home/fintank make setup \
    && rm -rf /var/lib/apt/lists/* && chown -R fintank:fintank /home/fintank
ENV PATH=/home/fintank/fintank/.venv/bin:$PATH LANG=C.UTF-8
USER fintank

# A Supervisor of Storm whose workers can run the bolts.
FROM setup AS supervisor
COPY --from=storm:2.8.9 /apache-storm /opt/apache-storm
CMD ["/opt/apache-storm/bin/storm", "supervisor"]

FROM setup AS fintank
CMD ["sparse", "run"]
