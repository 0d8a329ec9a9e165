package build

import (
	"strings"

	"github.com/taffrail/taffrail/internal/compose"
	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/run"
)

// AnswerPushed is the fact that the digest of an image becomes which was pushed for
// another server.
const AnswerPushed = "pushed"

const (
	pushedFile  = ".pushed" // in the folder of the resource, where one server builds for another
	pushLimit   = 2         // further attempts
	refusedText = `refused() {
  grep -qiE 'denied|unauthorized|authentication|credentials' "$1" || return 0
  echo "The registry refuses $2. Log in to it on this server, as the user that Taffrail connects as (docker login), with an account that may do that; or correct docker_registry_image_name." >&2
}
`
	// pushScript gives image $1 to its registry by the names behind it, and notes by which
	// digest the registry knows the first.
	pushScript = refusedText + `image=$1
shift
said=$(mktemp) || exit 1
rm -f ` + pushedFile + `
for to in "$@"; do
  docker image tag "$image" "$to" || exit 1
  { docker push "$to" 2>"$said.err"; echo $? >"$said.code"; } | tee "$said"
  cat "$said.err" >&2
  code=$(cat "$said.code")
  [ "$code" = 0 ] || { refused "$said.err" "$to"; exit "$code"; }
  [ -e ` + pushedFile + ` ] || sed -n 's/.*digest: \(sha256:[0-9a-f]*\).*/\1/p' "$said" >` + pushedFile + `
done`
	// fetchScript gets image $1 by the digest that it reads and calls it $2.
	fetchScript = refusedText + `read -r digest || :
case $digest in sha256:*) ;; *) echo "The build server did not say which image it pushed." >&2; exit 1 ;; esac
if ! docker image inspect "$1@$digest" >/dev/null 2>&1; then
  said=$(mktemp) || exit 1
  docker pull "$1@$digest" 2>"$said" || { code=$?; cat "$said" >&2; refused "$said" "$1"; exit "$code"; }
fi
docker image tag "$1@$digest" "$2"`
	// sharedScript gets image $1, if it is in its registry, and calls it $2.
	sharedScript = `docker pull "$1" && docker image tag "$1" "$2"`
)

// push gives the image to the registry, if one is set: by a name of its own, and by the tag
// that people want besides, which is no preview's.
func (in Input) push(image string) ([]run.Step, error) {
	if in.Build.ImageName == "" || in.Shared {
		return nil, nil
	}
	own, err := in.inRegistry(image)
	if err != nil {
		return nil, err
	}
	to := []string{own}
	if in.Build.ImageTag != "" && in.Prefix == "" {
		wanted, err := Reference(in.Build.ImageName, in.Build.ImageTag)
		if err != nil {
			return nil, err
		}
		to = append(to, wanted)
	}
	return []run.Step{{
		Name: "push", Title: "Pushing " + strings.Join(to, " and ") + ".", Argv: append([]string{"sh", "-c", pushScript, "sh", image}, to...), Retries: pushLimit,
	}}, nil
}

// inRegistry is the name of an image in its registry.
func (in Input) inRegistry(image string) (string, error) {
	_, tag, _ := strings.Cut(image, ":")
	tag = in.Prefix + tag
	return Reference(in.Build.ImageName, tag[:min(len(tag), maxTag)])
}

// shared asks for what an earlier server of the same deployment pushed.
func (in Input) shared(image string) ([]run.Step, error) {
	if in.Build.ImageName == "" || !in.Shared {
		return nil, nil
	}
	from, err := in.inRegistry(image)
	return []run.Step{{
		Name: "shared", Title: "Looking for " + from + ", which was pushed from the server before this one.", Group: Group, Spares: Group,
		Argv: []string{"sh", "-c", sharedScript, "sh", from, image},
	}}, err
}

// Fetch is how the server that an image is for gets what another one has built: by the
// very digest that was pushed. The steps that make it end with those of Handed then.
func (in Input) Fetch(image string) ([]run.Step, error) {
	name, err := in.Name()
	if err != nil {
		return nil, err
	}
	return []run.Step{{
		Name: "pull", Title: "Pulling what was built from " + name + ".", Prepares: true, Retries: compose.PullRetries, Takes: AnswerPushed,
		Argv: []string{"sh", "-c", fetchScript, "sh", name, image},
	}}, nil
}

// Handed are the steps behind a build for another server.
func Handed() []run.Step {
	return []run.Step{{
		Name: "pushed", Title: "Noting what was pushed.", Hidden: true, Prepares: true, Answer: AnswerPushed, Argv: []string{"cat", pushedFile},
	}}
}

// Name is that of the image's repository in its registry.
func (in Input) Name() (string, error) {
	if in.Build.ImageName == "" {
		return "", core.Errorf(core.CodeBadRequest,
			"What a build server builds gets to its server through a registry, and none is set. Set docker_registry_image_name, such as ghcr.io/owner/name, or switch use_build_server off.")
	}
	tagged, err := Reference(in.Build.ImageName, "x")
	return strings.TrimSuffix(tagged, ":x"), err
}
