// Command dockerfiles reads Dockerfiles as BuildKit does and prints what is in them as JSON, without building.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/client/llb/sourceresolver"
	"github.com/moby/buildkit/frontend/dockerfile/dockerfile2llb"
	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
	"github.com/opencontainers/go-digest"
)

type copied struct {
	// From is a stage, an image, or empty for the build context.
	From    string   `json:"from"`
	Sources []string `json:"sources"`
	Dest    string   `json:"dest"`
	Chown   string   `json:"chown"`
}

type stage struct {
	Name string `json:"name"`
	// From is a stage or an image, as written and with the defaults of the global ARGs.
	From       string   `json:"from"`
	User       string   `json:"user"`
	Copies     []copied `json:"copies"`
	Expose     []string `json:"expose"`
	Entrypoint []string `json:"entrypoint"`
	Args       []string `json:"args"`
}

type file struct {
	Path     string   `json:"path"`
	Errors   []string `json:"errors"`
	Warnings []string `json:"warnings"`
	// Args are those before the first FROM, with their defaults.
	Args   map[string]string `json:"args"`
	Stages []stage           `json:"stages"`
}

// bases stands for a registry: every base image exists, and sets nothing.
type bases struct{}

func (bases) ResolveImageConfig(_ context.Context, ref string, _ sourceresolver.Opt) (string, digest.Digest, []byte, error) {
	return ref, digest.FromString(ref), []byte(`{"os":"linux","architecture":"amd64","config":{}}`), nil
}

func read(path string) file {
	result := file{Path: path, Errors: []string{}, Warnings: []string{}, Args: map[string]string{}, Stages: []stage{}}
	failed := func(err error) file {
		var located *parser.LocationError
		if errors.As(err, &located) && len(located.Locations) > 0 && len(located.Locations[0]) > 0 {
			err = fmt.Errorf("line %d: %w", located.Locations[0][0].Start.Line, err)
		}
		result.Errors = append(result.Errors, err.Error())
		return result
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return failed(err)
	}
	parsed, err := parser.Parse(bytes.NewReader(text))
	if err != nil {
		return failed(err)
	}
	stages, args, err := instructions.Parse(parsed.AST, nil)
	if err != nil {
		return failed(err)
	}
	for _, arg := range args {
		for _, one := range arg.Args {
			result.Args[one.Key] = one.ValueString()
		}
	}
	expand := func(word string) string {
		return os.Expand(word, func(name string) string { return result.Args[name] })
	}
	for _, one := range stages {
		result.Stages = append(result.Stages, describe(one, expand))
	}

	// The conversion of a whole build runs every lint rule, and finds stages that are named but not there.
	source := llb.NewSourceMap(nil, path, "Dockerfile", text)
	source.Definition = &llb.Definition{}
	lint, err := dockerfile2llb.DockerfileLint(context.Background(), text, dockerfile2llb.ConvertOpt{
		SourceMap:    source,
		MetaResolver: bases{},
	})
	if err != nil {
		return failed(err)
	}
	for _, one := range lint.Warnings {
		line := int32(0)
		if ranges := one.Location.GetRanges(); len(ranges) > 0 {
			line = ranges[0].GetStart().GetLine()
		}
		result.Warnings = append(result.Warnings, fmt.Sprintf("line %d: %s: %s", line, one.RuleName, one.Detail))
	}
	if lint.Error != nil {
		result.Errors = append(result.Errors, lint.Error.Message)
	}
	return result
}

func describe(one instructions.Stage, expand func(string) string) stage {
	result := stage{Name: one.Name, From: expand(one.BaseName), Copies: []copied{}, Expose: []string{}, Entrypoint: []string{}, Args: []string{}}
	for _, command := range one.Commands {
		switch command := command.(type) {
		case *instructions.UserCommand:
			result.User = command.User
		case *instructions.CopyCommand:
			result.Copies = append(result.Copies, copied{From: command.From, Sources: command.SourcePaths, Dest: command.DestPath, Chown: command.Chown})
		case *instructions.ExposeCommand:
			result.Expose = append(result.Expose, command.Ports...)
		case *instructions.EntrypointCommand:
			result.Entrypoint = command.CmdLine
		case *instructions.ArgCommand:
			for _, arg := range command.Args {
				result.Args = append(result.Args, arg.Key)
			}
		}
	}
	return result
}

func main() {
	files := []file{}
	for _, path := range os.Args[1:] {
		files = append(files, read(path))
	}
	encoder := json.NewEncoder(os.Stdout)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(files); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
