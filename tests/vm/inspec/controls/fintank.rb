# frozen_string_literal: true

# Run on the host: inspec exec tests/vm/inspec -t ssh://vagrant@streamparse-box --sudo -i KEY
# (`vagrant ssh-config` shows the key; `cinc-auditor` is the free build of `inspec`.) The last control needs the
# topology: sparse submit.

box = 'streamparse-box'
address = '192.168.50.50'
ports = [2181, 3000, 3772, 3773, 6627, 8000, 8080, 8086, 9000, 9092]
daemons = %w[
  grafana influxdb kafdrop kafka storm-drpc storm-logviewer storm-nimbus storm-supervisor storm-ui zookeeper
]
topics = { 'ticks' => 4, 'orders' => 4, 'executions' => 4, 'fills' => 4, 'rejects' => 1, 'journal' => 4,
           'timeline' => 4 }

control 'name' do
  title 'The machine resolves its name to its address on the private network'
  describe command("getent ahostsv4 #{box}") do
    its('stdout') { should match(/^#{Regexp.escape(address)} /) }
  end
end

control 'ports' do
  title 'Every service listens'
  ports.each do |number|
    describe port(number) do
      it { should be_listening }
    end
  end
end

control 'firewall' do
  title 'The firewall admits only the private network'
  describe command('nft list chain inet fintank input') do
    its('stdout') { should match(/policy drop/) }
    its('stdout') { should match(%r{ip saddr 192\.168\.50\.0/24 ip daddr 192\.168\.50\.0/24 accept}) }
  end
end

control 'services' do
  title 'supervisord runs every daemon, systemd runs none of them'
  daemons.each do |name|
    describe command("supervisorctl status #{name}") do
      its('stdout') { should match(/RUNNING/) }
    end
  end
  describe service('supervisor') do
    it { should be_enabled }
    it { should be_running }
  end
  %w[influxdb grafana-server].each do |name|
    describe service(name) do
      it { should_not be_enabled }
      it { should_not be_running }
    end
  end
end

control 'users' do
  title 'Every daemon has its own user, who cannot log in'
  %w[zookeeper kafka storm kafdrop].each do |name|
    describe user(name) do
      it { should exist }
      its('shell') { should eq '/usr/sbin/nologin' }
    end
    describe command('ps -o user= -C java | sort -u') do
      its('stdout.lines') { should include "#{name}\n" }
    end
  end
end

control 'secrets' do
  title 'Only root can read passwords'
  %w[
    /etc/fintank/credentials.json /etc/supervisor/conf.d/grafana.conf /etc/supervisor/conf.d/storm-supervisor.conf
  ].each do |path|
    describe file(path) do
      its('owner') { should eq 'root' }
      its('mode') { should cmp '0600' }
    end
  end
  describe command("curl -s -i 'http://#{box}:8086/query?q=SHOW+DATABASES' | head -n 1") do
    its('stdout') { should match(/ 401 /) }
  end
  describe command("curl -s -i -u admin:admin http://#{box}:3000/api/org | head -n 1") do
    its('stdout') { should match(/ 401 /) }
  end
end

control 'topics' do
  title 'The topics have the right number of partitions'
  topics.each do |name, partitions|
    describe command("/opt/kafka/bin/kafka-topics.sh --bootstrap-server #{box}:9092 --describe --topic #{name}") do
      its('stdout') { should match(/PartitionCount: #{partitions}\b/) }
    end
  end
end

control 'tick' do
  title 'The topology writes a tick from Kafka to InfluxDB'
  symbol = "INSPEC#{Time.now.to_i}"
  tick = { timestamp: Time.now.to_f.round(3), symbol: symbol, exchange: 'NYSE', bid: 93.5, ask: 94.5 }
  send_tick = "echo '#{symbol}|#{tick.to_json}' | /opt/kafka/bin/kafka-console-producer.sh " \
              "--bootstrap-server #{box}:9092 --topic ticks --property parse.key=true " \
              '--property key.separator="|"'
  # Read on the machine, so that it appears in no report.
  password = 'sudo fintank-credentials | awk \'/user fintank/ { print $NF }\''
  count = "curl -s -u fintank:$(#{password}) -G http://#{box}:8086/query --data-urlencode db=prices_development " \
          "--data-urlencode \"q=SELECT count(bid) FROM bid_ask WHERE symbol = '#{symbol}'\""
  seen = "for _ in $(seq 60); do #{count} | grep -q values && echo stored && break; sleep 1; done"

  describe command('/opt/storm/bin/storm list') do
    its('stdout') { should match(/^order_flow-?\S*\s+ACTIVE/) }
  end
  describe command("#{send_tick} && #{seen}") do
    its('stdout') { should match(/stored/) }
  end
end
