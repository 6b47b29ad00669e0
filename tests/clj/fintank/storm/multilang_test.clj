(ns fintank.storm.multilang-test
  (:require [clojure.string :as string]
            [clojure.test :refer [deftest is testing]]
            [fintank.storm.multilang])
  (:import [com.fasterxml.jackson.databind ObjectMapper]
           [java.io ByteArrayInputStream ByteArrayOutputStream IOException PipedInputStream PipedOutputStream]
           [java.util Map]
           [org.apache.storm.multilang BoltMsg ISerializer NoOutputException ShellMsg ShellMsg$ShellLogLevel
            SpoutMsg]
           [org.apache.storm.task TopologyContext]))

(defn- serializer
  "The class by name, as Storm creates it, between what a process wrote and what it is sent."
  ^ISerializer [^String written sent]
  (doto ^ISerializer (.newInstance (.getConstructor (Class/forName "fintank.storm.multilang.JacksonSerializer")
                                                    (make-array Class 0))
                                   (object-array 0))
    (.initialize sent (ByteArrayInputStream. (.getBytes written "UTF-8")))))

(defn- read-one ^ShellMsg [written]
  (.readShellMsg (serializer written (ByteArrayOutputStream.))))

(defn- sent-by [write!]
  (let [sent (ByteArrayOutputStream.)]
    (write! (serializer "" sent))
    (let [[_ text] (re-matches #"(?s)(.*)\nend\n" (.toString sent "UTF-8"))]
      (.readValue (ObjectMapper.) ^String text Object))))

(deftest an-emit-is-read-with-all-its-fields
  (let [message (read-one (str "{\"command\":\"emit\",\"tuple\":[1,\"a\\n\\u2028\\\"b\\\" ä\"],\"anchors\":[\"7\",\"-8\"],"
                               "\"stream\":\"by_owner\",\"need_task_ids\":false}\nend\n"))]
    (is (= "emit" (.getCommand message)))
    (is (= [1 "a\n\u2028\"b\" ä"] (.getTuple message)))
    (is (= ["7" "-8"] (.getAnchors message)))
    (is (= "by_owner" (.getStream message)))
    (is (false? (.areTaskIdsNeeded message)))
    (is (zero? (.getTask message)))))

(deftest missing-fields-have-the-protocol-s-defaults
  (let [message (read-one "{\"command\":\"emit\",\"tuple\":[]}\nend\n")]
    (is (= "default" (.getStream message)))
    (is (true? (.areTaskIdsNeeded message)))
    (is (empty? (.getAnchors message)))))

(deftest acks-logs-and-metrics-are-read
  (is (= "-3" (.getId (read-one "{\"command\":\"ack\",\"id\":\"-3\"}\nend\n"))))
  (let [message (read-one "{\"command\":\"log\",\"msg\":\"said\",\"level\":3}\nend\n")]
    (is (= ["said" ShellMsg$ShellLogLevel/WARN] [(.getMsg message) (.getLogLevel message)])))
  (let [message (read-one "{\"command\":\"metrics\",\"name\":\"n\",\"params\":{\"a\":1}}\nend\n")]
    (is (= ["n" {"a" 1}] [(.getMetricName message) (.getMetricParams message)]))))

(deftest messages-are-read-one-by-one-and-may-have-many-lines
  (let [pipe (serializer "{\"command\":\n\"sync\"}\nend\n{\"command\":\"ack\",\"id\":\"1\"}\nend\n"
                         (ByteArrayOutputStream.))]
    (is (= ["sync" "ack"] [(.getCommand (.readShellMsg pipe)) (.getCommand (.readShellMsg pipe))]))))

(deftest a-message-that-came-with-another-is-read-without-blocking
  (let [out (PipedOutputStream.)
        pipe (doto (serializer "" (ByteArrayOutputStream.)) (.initialize nil (PipedInputStream. out)))]
    (.write out (.getBytes "{\"command\":\"sync\"}\nend\n{\"command\":\"ack\",\"id\":\"1\"}\nend\n"))
    (is (= ["sync" "ack"]
           (deref (future (vec (repeatedly 2 #(.getCommand (.readShellMsg pipe))))) 5000 "still waits")))))

(deftest a-message-may-be-larger-than-any-buffer
  (let [text (apply str (repeat 100000 "ticks "))
        message (str "{\"command\":\"emit\",\"tuple\":[\"" text "\"]}\nend\n")
        pipe (serializer (str message message) (ByteArrayOutputStream.))]
    (is (= [text] (.getTuple (.readShellMsg pipe)) (.getTuple (.readShellMsg pipe))))))

(deftest a-text-may-be-longer-than-jackson-s-20-million-characters
  (let [text (apply str (repeat 3000 (apply str (repeat 10000 "x"))))]
    (is (= [text] (.getTuple (read-one (str "{\"command\":\"emit\",\"tuple\":[\"" text "\"]}\nend\n")))))))

(deftest nothing-is-read-after-an-error
  (doseq [broken ["{\"command\":\"emit\",\"tuple\":[\"\u0001\"]}\nend\n" "Traceback\nend\n" "{\"command\":\"sync\"}\nen\n"]]
    (let [pipe (serializer (str broken (apply str (repeat 10 "{\"command\":\"ack\",\"id\":\"1\"}\nend\n")))
                           (ByteArrayOutputStream.))]
      (is (thrown? Exception (.readShellMsg pipe)))
      (dotimes [_ 12]
        (is (thrown-with-msg? NoOutputException #"after an error" (.readShellMsg pipe)))))))

(deftest the-end-of-the-process-and-invalid-json-are-errors
  (is (thrown-with-msg? NoOutputException #"No output read" (read-one "")))
  (is (thrown-with-msg? NoOutputException #"No line `end`" (read-one "{\"command\":\"sync\"}\nen")))
  (is (thrown? IOException (read-one "{\"command\":")))
  (is (thrown? IOException (read-one "Traceback\nend\n"))))

(deftest a-tuple-is-written-in-the-protocol-s-form
  (let [tuple ["ticks" (int 2) "{\"bid\":1}\n{} ä"]
        message (doto (BoltMsg.)
                  (.setId "7") (.setComp "tick-spout") (.setStream "default") (.setTask 3) (.setTuple tuple))]
    (is (= {"id" "7", "comp" "tick-spout", "stream" "default", "task" 3, "tuple" tuple}
           (sent-by #(.writeBoltMsg ^ISerializer % message))))))

(def ^:private context
  (proxy [TopologyContext] [nil {} {} {} {} {} "id" "code" "/pids" (int 3) (int 0) [] {} {} {} {} nil nil]
    (toJSONString [] "{\"taskid\":3}")))

(def ^:private long-text (apply str (repeat 500 "ä\n")))

(defn- written-to
  "What is written to a process that gave this reply when a tuple with a long text was sent."
  [reply]
  (let [sent (ByteArrayOutputStream.)
        pipe (serializer reply sent)]
    (.connect pipe {} context)
    (.reset sent)
    (.writeBoltMsg pipe (doto (BoltMsg.) (.setId "7") (.setTuple [1 long-text "short" long-text])))
    (.writeTaskIds pipe [(int 4)])
    (string/split (.toString sent "UTF-8") #"\nend\n" 2)))

(deftest a-long-text-follows-the-message-for-a-process-that-reads-texts
  (let [[message behind] (written-to "{\"pid\":42,\"reads_texts\":true}\nend\n")
        message (.readValue (ObjectMapper.) ^String message ^Class Map)]
    (is (= [[1 1500] [3 1500]] (get message "texts")))
    (is (= [1 nil "short" nil] (get message "tuple")))
    (is (= (str long-text long-text "[4]\nend\n") behind))))

(deftest another-process-gets-its-texts-in-the-json
  (let [[message behind] (written-to "{\"pid\":42}\nend\n")
        message (.readValue (ObjectMapper.) ^String message ^Class Map)]
    (is (not (contains? message "texts")))
    (is (= [1 long-text "short" long-text] (get message "tuple")))
    (is (= "[4]\nend\n" behind))))

(deftest the-texts-of-a-process-are-read
  (let [head "{\"command\":\"emit\",\"tuple\":[1,null,2,null],\"texts\":[[1,1500],[3,2]]}\nend\n"
        pipe (serializer (str head long-text "ä" head long-text "ä" "{\"command\":\"sync\"}\nend\n")
                         (ByteArrayOutputStream.))]
    (dotimes [_ 2]
      (is (= [1 long-text 2 "ä"] (.getTuple (.readShellMsg pipe)))))
    (is (= "sync" (.getCommand (.readShellMsg pipe))))))

(deftest a-text-that-ends-too-early-is-an-error
  (is (thrown-with-msg? NoOutputException #"A text ends too early"
                        (read-one "{\"command\":\"emit\",\"tuple\":[null],\"texts\":[[0,9]]}\nend\nshort"))))

(deftest task-ids-and-commands-are-written
  (is (= [4 5] (sent-by #(.writeTaskIds ^ISerializer % [(int 4) (int 5)]))))
  (is (= {"command" "next", "id" nil}
         (sent-by #(.writeSpoutMsg ^ISerializer % (doto (SpoutMsg.) (.setCommand "next")))))))

(deftest the-handshake-sends-the-topology-and-returns-the-pid
  (testing "the context is JSON of Storm's own"
    (let [sent (ByteArrayOutputStream.)
          pid (.connect (serializer "{\"pid\":42}\nend\n" sent) {"topology.name" "order_flow"} context)]
      (is (= 42 pid))
      (is (= {"reads_texts" true, "pidDir" "/pids", "conf" {"topology.name" "order_flow"}, "context" {"taskid" 3}}
             (.readValue (ObjectMapper.) (.toByteArray sent) ^Class Map))))))
