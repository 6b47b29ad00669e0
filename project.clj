(defproject fintank "0.1.0"
  :description "Real-time market data and trading on Python and Apache Storm"
  :license {:name "Apache-2.0"}
  :min-lein-version "2.9.0"
  :source-paths ["src/clj" "topologies"]
  :test-paths ["tests/clj"]
  ;; streamparse copies src/ to _resources/resources while it builds the jar.
  :resource-paths ["_resources"]
  :target-path "_build"
  :jvm-opts ["-XX:+UseSerialGC" "-XX:TieredStopAtLevel=1"]
  :global-vars {*warn-on-reflection* true}
  :aot [fintank.local.carbonite fintank.storm.multilang fintank.storm.grouping
        fintank.storm.worker-exit fintank.local.main]
  :main fintank.local.main

  ;; carbonite is only on Clojars; fintank.local.carbonite replaces it.
  :dependencies [[org.clojure/clojure "1.12.3"]
                 [org.apache.storm/storm-clojure "2.8.3" :exclusions [org.clojars.bipinprasad/carbonite]]
                 [org.apache.storm/storm-kafka-client "2.8.3"]
                 [org.apache.kafka/kafka-clients "4.1.1"]]
  :managed-dependencies [[org.apache.storm/storm-clojure "2.8.3"
                          :exclusions [org.clojars.bipinprasad/carbonite]]
                         ;; kafka-clients depends on slf4j 1.7, and Storm fails with it.
                         [org.slf4j/slf4j-api "2.0.17"]]

  :profiles {;; Replaces Leiningen's :base, which needs nREPL from Clojars. `lein uberjar` leaves it out. streamparse
             ;; reads storm-core's version here, so no :exclusions or :scope may follow it.
             :base {:dependencies [[org.apache.storm/storm-core "2.8.3"]
                                   [org.apache.storm/storm-server "2.8.3"]
                                   [org.apache.storm/storm-client "2.8.3"]]}
             ;; Needed to compile, but not in the jar, because Storm provides it.
             :provided {:dependencies [[org.apache.storm/storm-server "2.8.3"]]}
             ;; The jars of the broker for `invoke up`, and a logging backend, which it does not bring.
             :kafka {:dependencies ^:replace [[org.apache.kafka/kafka_2.13 "4.1.1"]
                                              [org.apache.logging.log4j/log4j-slf4j2-impl "2.24.3"]]}
             ;; One jar, for FINTANK_SINK=questdb.
             :questdb {:dependencies ^:replace [[org.questdb/questdb "9.3.4"]]}})
