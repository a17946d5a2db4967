/**
 * TCP ports of well-known servers by the last part of their image's name, as their Dockerfiles expose them. They matter
 * only where a Service needs a stable address although the project states no port.
 */
const ports: Readonly<Record<string, readonly number[]>> = {
    "clickhouse-server": [8123, 9000, 9009],
    elasticsearch: [9200, 9300],
    kafka: [9092],
    mariadb: [3306],
    memcached: [11211],
    minio: [9000, 9001],
    mongo: [27017],
    mysql: [3306],
    nginx: [80],
    opensearch: [9200, 9300, 9600],
    pgvector: [5432],
    postgis: [5432],
    postgres: [5432],
    rabbitmq: [4369, 5671, 5672, 15672, 25672],
    redis: [6379],
    "redis-stack-server": [6379],
    smtp: [25],
    solr: [8983],
    valkey: [6379],
    zookeeper: [2181, 2888, 3888],
};

export const portsOfImage = (reference: string): readonly number[] => {
    const name = reference
        .replace(/[:@][^/]*$/, "")
        .split("/")
        .at(-1)!;
    return Object.hasOwn(ports, name) ? ports[name]! : [];
};
