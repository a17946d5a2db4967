// What Kubernetes' own programs make of text: "expand" is the kubelet's replacement of $(NAME) in the values of an
// environment, in commands and in arguments; "yaml" is how kubectl reads a file.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"

	"k8s.io/kubernetes/third_party/forked/golang/expansion"
	"sigs.k8s.io/yaml"
)

func main() {
	if len(os.Args) != 2 {
		fail(fmt.Errorf("usage: kubernetes expand|yaml <FILE"))
	}
	input, err := io.ReadAll(os.Stdin)
	if err != nil {
		fail(err)
	}
	switch os.Args[1] {
	case "expand":
		fail(expand(input))
	case "yaml":
		fail(toJSON(input))
	}
}

// expand prints a list of texts as they are with the variables given.
func expand(input []byte) error {
	var given struct {
		Variables map[string]string
		Texts     []string
	}
	if err := json.Unmarshal(input, &given); err != nil {
		return err
	}
	mapping := expansion.MappingFuncFor(given.Variables)
	for i, text := range given.Texts {
		given.Texts[i] = expansion.Expand(text, mapping)
	}
	return json.NewEncoder(os.Stdout).Encode(given.Texts)
}

func toJSON(input []byte) error {
	output, err := yaml.YAMLToJSON(input)
	if err != nil {
		return err
	}
	_, err = os.Stdout.Write(output)
	return err
}

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
