// Command compose loads Compose projects with compose-go, as `docker compose` does, and prints its models as JSON.
// Each line of standard input is a request, each line of standard output the answer to it.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/dotenv"
	"github.com/compose-spec/compose-go/v2/schema"
	"github.com/compose-spec/compose-go/v2/template"
	"github.com/compose-spec/compose-go/v2/types"
	"github.com/sirupsen/logrus"
	"go.yaml.in/yaml/v4"
)

type request struct {
	// Folder is where the command runs: default files are looked for there.
	Folder string `json:"folder"`
	// ProjectFolder is `--project-directory`.
	ProjectFolder string            `json:"projectFolder"`
	Files         []string          `json:"files"`
	EnvFiles      []string          `json:"envFiles"`
	Profiles      []string          `json:"profiles"`
	Name          string            `json:"name"`
	Env           map[string]string `json:"env"`
	// Template asks for one interpolated text instead of a project, Dotenv for the variables of such a file.
	Template *string `json:"template"`
	Dotenv   *string `json:"dotenv"`
	// Schema asks for the JSON Schema that compose-go has.
	Schema bool `json:"schema"`
}

type answer struct {
	Error    string            `json:"error,omitempty"`
	Model    map[string]any    `json:"model,omitempty"`
	Disabled []string          `json:"disabled,omitempty"`
	Text     *string           `json:"text,omitempty"`
	Env      map[string]string `json:"env,omitempty"`
	Schema   json.RawMessage   `json:"schema,omitempty"`
}

// raw is the format of env files that docker compose adds to those of compose-go.
func raw(r io.Reader, _ string, vars map[string]string, lookup func(string) (string, bool)) error {
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		line := lines.Text()
		trimmed := strings.TrimLeft(line, " \t")
		if trimmed == "" || strings.HasPrefix(trimmed, "#") {
			continue
		}
		key, value, found := strings.Cut(trimmed, "=")
		if key == "" || strings.ContainsAny(key, " \t") {
			return fmt.Errorf("variable '%s' contains whitespaces", key)
		}
		if found {
			vars[key] = value
		} else if inherited, ok := lookup(key); ok {
			vars[key] = inherited
		}
	}
	return lines.Err()
}

func load(asked request) (result answer) {
	defer func() {
		// compose-go has inputs that it did not think of: these are refused, too.
		if failure := recover(); failure != nil {
			result = answer{Error: fmt.Sprintf("panic: %v", failure)}
		}
	}()
	lookup := func(name string) (string, bool) { value, ok := asked.Env[name]; return value, ok }
	if asked.Schema {
		return answer{Schema: json.RawMessage(schema.Schema)}
	}
	if asked.Template != nil {
		text, err := template.Substitute(*asked.Template, lookup)
		if err != nil {
			return answer{Error: err.Error()}
		}
		return answer{Text: &text}
	}
	if asked.Dotenv != nil {
		env, err := dotenv.ParseWithLookup(strings.NewReader(*asked.Dotenv), lookup)
		if err != nil {
			return answer{Error: err.Error()}
		}
		return answer{Env: env}
	}
	project, err := loadProject(asked)
	if err != nil {
		return answer{Error: err.Error()}
	}
	model, err := modelOf(project)
	if err != nil {
		return answer{Error: "the model cannot be written: " + err.Error()}
	}
	return answer{Model: model, Disabled: project.DisabledServiceNames()}
}

// loadProject applies the options in the order of docker compose: env files count before and after the files are known.
func loadProject(asked request) (*types.Project, error) {
	if err := os.Chdir(asked.Folder); err != nil {
		return nil, err
	}
	os.Setenv("PWD", asked.Folder)
	os.Setenv("HOME", asked.Env["HOME"])
	env := []string{}
	for name, value := range asked.Env {
		env = append(env, name+"="+value)
	}
	options, err := cli.NewProjectOptions(asked.Files,
		cli.WithWorkingDirectory(asked.ProjectFolder),
		cli.WithEnv(env),
		cli.WithEnvFiles(asked.EnvFiles...),
		cli.WithDotEnv,
		cli.WithConfigFileEnv,
		cli.WithDefaultConfigPath,
		cli.WithEnvFiles(asked.EnvFiles...),
		cli.WithDotEnv,
		cli.WithDefaultProfiles(asked.Profiles...),
		cli.WithName(asked.Name),
	)
	if err != nil {
		return nil, err
	}
	return options.LoadProject(context.Background())
}

// modelOf is what compose-go writes as YAML, with the contents that it leaves out there.
func modelOf(project *types.Project) (map[string]any, error) {
	text, err := project.MarshalYAML(types.WithSecretContent)
	if err != nil {
		return nil, err
	}
	var model map[string]any
	if err := yaml.Unmarshal(text, &model); err != nil {
		return nil, err
	}
	for name := range project.Jobs {
		// Of services it leaves the name out itself.
		delete(model["jobs"].(map[string]any)[name].(map[string]any), "name")
	}
	for name, config := range project.Configs {
		if config.Content != "" {
			model["configs"].(map[string]any)[name].(map[string]any)["content"] = config.Content
		}
	}
	return model, nil
}

func main() {
	logrus.SetOutput(io.Discard)
	dotenv.RegisterFormat("raw", raw)
	requests := bufio.NewScanner(os.Stdin)
	requests.Buffer(nil, 1<<28)
	answers := json.NewEncoder(os.Stdout)
	for requests.Scan() {
		var asked request
		if err := json.Unmarshal(requests.Bytes(), &asked); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		if err := answers.Encode(load(asked)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
}
