(ns fintank.storm.multilang
  "Storm's protocol to its Python processes, with Jackson's JSON. Storm's own JSON goes letter by letter: with
  batches of ticks that took more time than all else in the JVM together.

  A message is a JSON value and then a line `end`. Storm makes a JacksonSerializer for each process, by the name
  of the class in topology.multilang.serializer."
  (:import [clojure.lang Reflector]
           [com.fasterxml.jackson.core JsonFactory JsonParser$Feature StreamReadConstraints]
           [com.fasterxml.jackson.databind ObjectMapper]
           [java.io ByteArrayInputStream ByteArrayOutputStream InputStream OutputStream SequenceInputStream]
           [java.nio.charset StandardCharsets]
           [java.util Arrays List Map]
           [org.apache.storm.multilang BoltMsg NoOutputException ShellMsg SpoutMsg]
           [org.apache.storm.task TopologyContext])
  (:gen-class
   :name fintank.storm.multilang.JacksonSerializer
   :implements [org.apache.storm.multilang.ISerializer]
   :init init
   :state streams
   :prefix "serializer-"))

;; The process is ours: a text of any length is its own affair, where Jackson takes 20 million characters.
(def ^:private ^ObjectMapper json
  (let [factory (doto (JsonFactory.)
                  (.setStreamReadConstraints (.build (.maxStringLength (StreamReadConstraints/builder)
                                                                       Integer/MAX_VALUE))))]
    (doto (ObjectMapper. factory) (.configure JsonParser$Feature/AUTO_CLOSE_SOURCE false))))
(def ^:private end-line (.getBytes "\nend\n" StandardCharsets/UTF_8))

(defn- write-message!
  "Sends a message: a Map, a List or a plain value."
  [^OutputStream out message]
  (.write out (.writeValueAsBytes json message))
  (.write out ^bytes end-line)
  (.flush out))

(defn- read-end! [^InputStream in]
  (when-not (Arrays/equals ^bytes end-line (.readNBytes in (alength ^bytes end-line)))
    (throw (NoOutputException. "Pipe to subprocess seems to be broken! No line `end` after a message"))))

;; It waits for nothing while there is something: a message that was read ahead may be the last for a while.
(defn- all-of ^InputStream [{:keys [ahead in]}]
  (SequenceInputStream. ahead in))

(defn- read-message!
  "The next message, a JSON object. NoOutputException when there will be none, IOException when it is no JSON.
  What is read ahead of its end is kept in the streams for the one after it."
  ^Map [streams]
  (with-open [parser (.createParser json (all-of @streams))]
    (when-not (.nextToken parser)
      (throw (NoOutputException. "Pipe to subprocess seems to be broken! No output read")))
    (let [message (.readValue json parser ^Class Map)
          ahead (ByteArrayOutputStream.)]
      (.releaseBuffered parser ahead)
      (.transferTo ^InputStream (:ahead @streams) ahead)
      (vswap! streams assoc :ahead (ByteArrayInputStream. (.toByteArray ahead)))
      (read-end! (all-of @streams))
      message)))

(defn- shell-message
  "What a process asks for, as Storm wants it."
  ^ShellMsg [^Map message]
  (let [shell (doto (ShellMsg.)
                (.setCommand (.get message "command"))
                (.setId (.get message "id"))
                (.setMsg (.get message "msg"))
                (.setStream (.getOrDefault message "stream" "default"))
                (.setTask (long (.getOrDefault message "task" 0)))
                (.setNeedTaskIds (boolean (.getOrDefault message "need_task_ids" true)))
                (.setTuple ^List (.get message "tuple"))
                (.setMetricName (.get message "name"))
                (.setMetricParams (.get message "params")))]
    (doseq [anchor (.get message "anchors")]
      (.addAnchor shell anchor))
    (when-let [level (.get message "level")]
      (.setLogLevel shell (int level)))
    shell))

(defn- bolt-message
  "A tuple for a bolt."
  [^BoltMsg message]
  {"id" (.getId message)
   "comp" (.getComp message)
   "stream" (.getStream message)
   "task" (.getTask message)
   "tuple" (.getTuple message)})

;; The methods of the class. It exists only after this namespace is compiled, so its field is asked for by name.

(defn- streams [serializer]
  (Reflector/getInstanceField serializer "streams"))

(defn serializer-init
  "No streams yet."
  []
  [[] (volatile! nil)])

(defn serializer-initialize
  "Takes the streams to and from the process."
  [serializer out in]
  (vreset! (streams serializer)
           {:out out, :in in, :ahead (ByteArrayInputStream. (byte-array 0))}))

(defn- write! [serializer message]
  (write-message! (:out @(streams serializer)) message))

;; In local mode Storm reads on after an error. What stands behind it may be an ack for what was never read.
(defn- next-message ^Map [serializer]
  (let [streams (streams serializer)]
    (when-let [problem (:broken @streams)]
      (throw (NoOutputException. (str "Nothing is read from the process after an error: " problem))))
    (try
      (read-message! streams)
      (catch Throwable problem
        (vswap! streams assoc :broken problem)
        (throw problem)))))

(defn serializer-connect
  "Tells the process of its topology; returns its pid."
  [serializer conf ^TopologyContext context]
  (write! serializer {"pidDir" (.getPIDDir context)
                      "conf" conf
                      "context" (.readValue json (.toJSONString context) Map)})
  (.get (next-message serializer) "pid"))

(defn serializer-readShellMsg
  "Waits for what the process asks for."
  [serializer]
  (shell-message (next-message serializer)))

(defn serializer-writeBoltMsg
  "Sends a tuple."
  [serializer message]
  (write! serializer (bolt-message message)))

(defn serializer-writeSpoutMsg
  "Sends a command to a spout."
  [serializer ^SpoutMsg message]
  (write! serializer {"command" (.getCommand message), "id" (.getId message)}))

(defn serializer-writeTaskIds
  "Sends the tasks that a tuple went to."
  [serializer ids]
  (write! serializer ids))
