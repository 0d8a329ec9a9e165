package run

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/taffrail/taffrail/internal/core"
)

// Labels that Compose puts on containers.
const (
	LabelProject = "com.docker.compose.project"
	labelService = "com.docker.compose.service"
	labelOneOff  = "com.docker.compose.oneoff"
)

// inspection is what "docker inspect" says of a container, as far as it is of use.
type inspection struct {
	ID           string `json:"Id"`
	Name         string
	Image        string // id
	RestartCount int
	State        inspectedState
	Config       struct {
		Image       string
		Labels      map[string]string
		Healthcheck struct{ Retries int }
	}
	HostConfig struct {
		RestartPolicy struct{ Name string }
	}
	NetworkSettings struct {
		Networks map[string]struct{ IPAddress, GlobalIPv6Address string }
	}
}

type inspectedState struct {
	Status    string
	ExitCode  int
	Error     string
	OOMKilled bool
	StartedAt time.Time
	Health    *struct {
		Status string
		Log    []probe
	}
}

// probe is one run of a health check.
type probe struct {
	Start    string
	ExitCode int
	Output   string
}

func (i inspection) service() string { return i.Config.Labels[labelService] }

func (i inspection) name() string { return strings.TrimPrefix(i.Name, "/") }

func (i inspection) health() string {
	if i.State.Health == nil || i.State.Health.Status == "none" {
		return ""
	}
	return i.State.Health.Status
}

func (i inspection) probes() []probe {
	if i.State.Health == nil {
		return nil
	}
	return i.State.Health.Log
}

// again says whether Docker starts the container again after it exited with code 0.
func (i inspection) again() bool {
	policy := i.HostConfig.RestartPolicy.Name
	return policy == "always" || policy == "unless-stopped"
}

func (i inspection) container(images map[string]image) core.Container {
	return core.Container{
		ID: i.ID, Name: i.name(), Service: i.service(),
		Image: i.Config.Image, ImageID: i.Image, Digest: images[i.Image].digest(i.Config.Image),
		State: i.State.Status, Health: i.health(), ExitCode: i.State.ExitCode, Restarts: i.RestartCount,
	}
}

// image is what "docker image inspect" says.
type image struct {
	ID          string `json:"Id"`
	RepoDigests []string
}

// digest picks the digest under which the image is known by the name it is used by;
// an image may have been pulled from several repositories.
func (i image) digest(reference string) string {
	repo, _, _ := strings.Cut(reference, "@")
	if colon := strings.LastIndex(repo, ":"); colon > strings.LastIndex(repo, "/") {
		repo = repo[:colon]
	}
	for _, d := range i.RepoDigests {
		if strings.HasPrefix(d, repo+"@") {
			return d
		}
	}
	if len(i.RepoDigests) > 0 {
		return i.RepoDigests[0]
	}
	return ""
}

// ListArgv is the command that lists the ids of all containers of a compose project,
// one a line.
func ListArgv(project string) []string {
	return []string{"docker", "ps", "-a", "-q", "--no-trunc", "--filter", "label=" + LabelProject + "=" + project}
}

// InspectArgv is the command whose output ParseContainers reads first.
func InspectArgv(ids []string) []string {
	return append([]string{"docker", "inspect", "--type", "container", "--"}, ids...)
}

// ImagesArgv is the command whose output ParseContainers reads second: that for the
// images of the containers in inspected.
func ImagesArgv(inspected []byte) ([]string, error) {
	found, err := parseInspections(inspected)
	return imagesArgv(found), err
}

func imagesArgv(found []inspection) []string {
	var ids []string
	for _, i := range found {
		if !slices.Contains(ids, i.Image) && i.Image != "" {
			ids = append(ids, i.Image)
		}
	}
	return append([]string{"docker", "image", "inspect", "--"}, ids...)
}

// ParseContainers reads the output of "docker inspect" and "docker image inspect", which
// may lack images, sorted by service and name. Containers of "compose run" are left out.
func ParseContainers(inspected, images []byte) ([]core.Container, error) {
	found, err := parseInspections(inspected)
	if err != nil {
		return nil, err
	}
	return containers(found, images), nil
}

func containers(found []inspection, imagesJSON []byte) []core.Container {
	var list []image
	_ = json.Unmarshal(imagesJSON, &list) // without them the digests are not known
	byID := map[string]image{}
	for _, i := range list {
		byID[i.ID] = i
	}
	out := make([]core.Container, 0, len(found))
	for _, i := range found {
		out = append(out, i.container(byID))
	}
	return out
}

// parseInspections also accepts what docker prints when some of the containers are gone
// meanwhile: those that are left.
func parseInspections(data []byte) ([]inspection, error) {
	var found []inspection
	if err := json.Unmarshal(data, &found); err != nil {
		return nil, fmt.Errorf("read docker inspect: %w", err)
	}
	found = slices.DeleteFunc(found, func(i inspection) bool {
		return strings.EqualFold(i.Config.Labels[labelOneOff], "true")
	})
	slices.SortFunc(found, func(a, b inspection) int {
		if c := strings.Compare(a.service(), b.service()); c != 0 {
			return c
		}
		return strings.Compare(a.Name, b.Name)
	})
	return found, nil
}
