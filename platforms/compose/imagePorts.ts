/**
 * TCP ports of well-known servers by the last part of their image's name, as their Dockerfiles expose them. They matter
 * where peers name a server without a port, and where a Service needs a stable address although the project states no
 * port.
 */
const ports: Readonly<Record<string, readonly number[]>> = {
    adminer: [8080],
    alertmanager: [9093],
    cassandra: [7000, 7001, 7199, 9042, 9160],
    "clickhouse-server": [8123, 9000, 9009],
    couchdb: [4369, 5984, 9100],
    "cp-kafka": [9092],
    "cp-schema-registry": [8081],
    "cp-zookeeper": [2181, 2888, 3888],
    dragonfly: [6379],
    "eclipse-mosquitto": [1883],
    elasticsearch: [9200, 9300],
    etcd: [2379, 2380],
    ferretdb: [27017],
    gitea: [22, 3000],
    gotenberg: [3000],
    grafana: [3000],
    httpd: [80],
    influxdb: [8086],
    kafka: [9092],
    keycloak: [8080, 8443, 9000],
    keydb: [6379],
    loki: [3100],
    mailhog: [1025, 8025],
    mailpit: [1025, 1110, 8025],
    mariadb: [3306],
    meilisearch: [7700],
    memcached: [11211],
    minio: [9000, 9001],
    mongo: [27017],
    "mssql/server": [1433],
    mysql: [3306],
    nats: [4222, 6222, 8222],
    neo4j: [7473, 7474, 7687],
    nginx: [80],
    ollama: [11434],
    opensearch: [9200, 9300, 9600],
    percona: [3306, 33060],
    pgvector: [5432],
    postgis: [5432],
    postgres: [5432],
    prometheus: [9090],
    qdrant: [6333, 6334],
    rabbitmq: [4369, 5671, 5672, 15672, 25672],
    redis: [6379],
    "redis-stack-server": [6379],
    rethinkdb: [8080, 28015, 29015],
    smtp: [25],
    solr: [8983],
    tika: [9998],
    timescaledb: [5432],
    typesense: [8108],
    valkey: [6379],
    vault: [8200],
    weaviate: [8080, 50051],
    zookeeper: [2181, 2888, 3888],
};

export function portsOfImage(reference: string): readonly number[] {
    const parts = reference.replace(/[:@][^/]*$/, "").split("/");
    const known = [parts.slice(-2).join("/"), parts.at(-1)!].find((name) => Object.hasOwn(ports, name));
    return known === undefined ? [] : ports[known]!;
}
