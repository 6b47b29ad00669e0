(ns fintank.local.carbonite
  "Stands in for carbonite.JavaBridge. storm-clojure registers that class's serializers of Clojure types in
  every worker and dies without it; carbonite is only on Clojars, and the tuples here hold no Clojure types."
  (:import [com.esotericsoftware.kryo Kryo])
  (:gen-class :name carbonite.JavaBridge
              :methods [^:static [registerPrimitives [com.esotericsoftware.kryo.Kryo] void]
                        ^:static [registerCollections [com.esotericsoftware.kryo.Kryo] void]]))

(defn -registerPrimitives [^Kryo _kryo])

(defn -registerCollections [^Kryo _kryo])
