(ns fintank.storm.multilang
  "Storm's multilang protocol with Jackson's JSON. Storm's own JsonSerializer reads character by character; with
  batches of ticks, that took more time than everything else in the JVM.

  A message is a JSON value followed by a line `end`. Long texts of a tuple follow that line as UTF-8, without a
  separator, so that no batch of records is escaped and parsed between processes; in the JSON each is null, and
  `texts` has its [index, bytes]. Both sides say \"reads_texts\": true in their first message; another side gets
  everything as JSON.

  Storm creates one JacksonSerializer per Python process, of the class named in topology.multilang.serializer."
  (:import [clojure.lang Reflector]
           [com.fasterxml.jackson.core JsonFactory JsonParser$Feature StreamReadConstraints]
           [com.fasterxml.jackson.databind ObjectMapper]
           [java.io ByteArrayInputStream ByteArrayOutputStream InputStream OutputStream SequenceInputStream]
           [java.nio.charset StandardCharsets]
           [java.util ArrayList Arrays List Map]
           [org.apache.storm.multilang BoltMsg NoOutputException ShellMsg SpoutMsg]
           [org.apache.storm.task TopologyContext])
  (:gen-class
   :name fintank.storm.multilang.JacksonSerializer
   :implements [org.apache.storm.multilang.ISerializer]
   :init init
   :state streams
   :prefix "serializer-"))

;; The process is ours and may send text of any length; Jackson's limit is 20 million characters.
(def ^:private ^ObjectMapper json
  (let [factory (doto (JsonFactory.)
                  (.setStreamReadConstraints (.build (.maxStringLength (StreamReadConstraints/builder)
                                                                       Integer/MAX_VALUE))))]
    (doto (ObjectMapper. factory) (.configure JsonParser$Feature/AUTO_CLOSE_SOURCE false))))
(def ^:private end-line (.getBytes "\nend\n" StandardCharsets/UTF_8))
;; A shorter text costs more as one of `texts` than in the JSON.
(def ^:const text-chars-min 256)

(defn- write-message!
  "Writes a message, a Map, a List or a scalar, and the UTF-8 bytes of its texts."
  ([out message] (write-message! out message nil))
  ([^OutputStream out message texts]
   (.write out (.writeValueAsBytes json message))
   (.write out ^bytes end-line)
   (doseq [^bytes text texts]
     (.write out text))
   (.flush out)))

(defn- broken [^String why]
  (NoOutputException. (str "Pipe to subprocess seems to be broken! " why)))

(defn- read-end! [^InputStream in]
  (when-not (Arrays/equals ^bytes end-line (.readNBytes in (alength ^bytes end-line)))
    (throw (broken "No line `end` after a message"))))

(defn- read-text! [^InputStream in size]
  (let [found (byte-array size)]
    (when (< (.readNBytes in found 0 (alength found)) (alength found))
      (throw (broken "A text ends too early")))
    (String. found StandardCharsets/UTF_8)))

(defn- read-texts!
  "Reads the texts of a message to their places in its tuple."
  [in ^Map message]
  (let [^List tuple (.get message "tuple")]
    (doseq [[index size] (.get message "texts")]
      (.set tuple (int index) (read-text! in size)))))

;; Does not block while bytes that were read ahead remain: they may hold the last message for a while.
(defn- all-of ^InputStream [{:keys [ahead in]}]
  (SequenceInputStream. ahead in))

(defn- read-message!
  "Reads the next message, a JSON object, and its texts. NoOutputException at the end of the stream, IOException
  if it is not JSON. Bytes read beyond its end are kept in the streams for the next message."
  ^Map [streams]
  (with-open [parser (.createParser json (all-of @streams))]
    (when-not (.nextToken parser)
      (throw (broken "No output read")))
    (let [message (.readValue json parser ^Class Map)
          ahead (ByteArrayOutputStream.)]
      (.releaseBuffered parser ahead)
      (.transferTo ^InputStream (:ahead @streams) ahead)
      (vswap! streams assoc :ahead (ByteArrayInputStream. (.toByteArray ahead)))
      (let [in (all-of @streams)]
        (read-end! in)
        (read-texts! in message))
      message)))

(defn- shell-message
  "A message of the process as Storm's ShellMsg."
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
  "A tuple for a bolt, as a message."
  [^BoltMsg message]
  {"id" (.getId message)
   "comp" (.getComp message)
   "stream" (.getStream message)
   "task" (.getTask message)
   "tuple" (.getTuple message)})

(defn- long-text? [value]
  (and (string? value) (<= text-chars-min (.length ^String value))))

(defn- write-tuple!
  "Writes a tuple's message, with its long texts after it."
  [out {:strs [tuple] :as message}]
  (let [texts (into (sorted-map)
                    (keep-indexed (fn [index value]
                                    (when (long-text? value)
                                      [index (.getBytes ^String value StandardCharsets/UTF_8)])))
                    tuple)
        rest-of-tuple (ArrayList. ^List tuple)]
    (doseq [index (keys texts)]
      (.set rest-of-tuple (int index) nil))
    (write-message! out
                    (assoc message
                           "tuple" rest-of-tuple
                           "texts" (for [[index text] texts] [index (alength ^bytes text)]))
                    (vals texts))))

;; The methods of the class. It exists only once this namespace is compiled, so its field is accessed by name.

(defn- streams [serializer]
  (Reflector/getInstanceField serializer "streams"))

(defn serializer-init
  "The constructor: no streams yet."
  []
  [[] (volatile! nil)])

(defn serializer-initialize
  "Sets the streams to and from the process."
  [serializer out in]
  (vreset! (streams serializer)
           {:out out, :in in, :ahead (ByteArrayInputStream. (byte-array 0))}))

(defn- write! [serializer message]
  (write-message! (:out @(streams serializer)) message))

;; In local mode Storm keeps reading after an error, and might then see an ack of a tuple it never got.
(defn- next-message ^Map [serializer]
  (let [streams (streams serializer)]
    (when-let [problem (:broken @streams)]
      (throw (NoOutputException. (str "The process is not read any more after an error: " problem))))
    (try
      (read-message! streams)
      (catch Throwable problem
        (vswap! streams assoc :broken problem)
        (throw problem)))))

(defn serializer-connect
  "Sends the process its configuration and context; returns its pid, and notes whether it reads texts."
  [serializer conf ^TopologyContext context]
  (write! serializer {"reads_texts" true
                      "pidDir" (.getPIDDir context)
                      "conf" conf
                      "context" (.readValue json (.toJSONString context) Map)})
  (let [reply (next-message serializer)]
    (vswap! (streams serializer) assoc :texts? (true? (.get reply "reads_texts")))
    (.get reply "pid")))

(defn serializer-readShellMsg
  "Reads the next message of the process."
  [serializer]
  (shell-message (next-message serializer)))

(defn serializer-writeBoltMsg
  "Writes a tuple."
  [serializer message]
  (let [{:keys [out texts?]} @(streams serializer)]
    ((if texts? write-tuple! write-message!) out (bolt-message message))))

(defn serializer-writeSpoutMsg
  "Writes a command for a spout."
  [serializer ^SpoutMsg message]
  (write! serializer {"command" (.getCommand message), "id" (.getId message)}))

(defn serializer-writeTaskIds
  "Writes the ids of the tasks that a tuple went to."
  [serializer ids]
  (write! serializer ids))
