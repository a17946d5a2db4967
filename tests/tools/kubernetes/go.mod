module plinth.dev/tests/tools/kubernetes

go 1.26.0

require (
	k8s.io/kubernetes v1.36.3
	sigs.k8s.io/yaml v1.6.0
)

require go.yaml.in/yaml/v2 v2.4.3 // indirect
