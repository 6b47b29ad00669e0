(ns fintank.local.carbonite
  "Stands in for carbonite.JavaBridge, which storm-clojure needs in every worker to register serializers of
  Clojure types. carbonite is only on Clojars, and our tuples contain no Clojure types."
  (:import [com.esotericsoftware.kryo Kryo])
  (:gen-class :name carbonite.JavaBridge
              :methods [^:static [registerPrimitives [com.esotericsoftware.kryo.Kryo] void]
                        ^:static [registerCollections [com.esotericsoftware.kryo.Kryo] void]]))

(defn -registerPrimitives [^Kryo _kryo])

(defn -registerCollections [^Kryo _kryo])
