package build

import (
	"fmt"
	"path"
	"strings"

	"github.com/taffrail/taffrail/internal/run"
)

// The web servers' configurations. The first finds pages with and without their ending,
// the second leaves all that is no file to the page that draws them.
const (
	sitesConf = `server {
    listen 80;
    listen [::]:80;
    root /usr/share/nginx/html;
    index index.html index.htm;
    location / {
        try_files $uri $uri.html $uri/ =404;
    }
    error_page 404 /404.html;
    location = /404.html {
        internal;
    }
}
`
	spaConf = `server {
    listen 80;
    listen [::]:80;
    root /usr/share/nginx/html;
    index index.html;
    location / {
        try_files $uri $uri.html $uri/ /index.html;
    }
}
`
)

// static builds a web server with a folder in it, from the build's own folder, or from
// another image.
func (in Input) static(image, folder, from string) ([]run.Step, error) {
	base := in.Build.StaticImage
	if base == "" {
		base = DefaultStaticImage
	}
	base, err := Reference(base, "")
	if err != nil {
		return nil, err
	}
	conf := in.Build.NginxConf
	switch {
	case conf != "":
	case in.Build.IsSPA:
		conf = spaConf
	default:
		conf = sitesConf
	}
	// The folder itself is sent to the builder, and nothing beside it.
	copied, sent := fmt.Sprintf("COPY [%q, \"/usr/share/nginx/html/\"]", folder+"/"), "!"+folder+"\n"
	if from != "" {
		copied, sent = fmt.Sprintf("COPY --from=%s [%q, \"/usr/share/nginx/html/\"]", from, folder+"/"), ""
	}
	dockerfile := path.Join(Folder, "static.dockerfile")
	compose, env, err := in.write(recipe{name: "image", image: image, context: Folder, dockerfile: dockerfile})
	if err != nil {
		return nil, err
	}
	return []run.Step{
		{Name: "prepare", Title: "Preparing the build.", Hidden: true, Files: []run.File{
			compose,
			{Path: dockerfile, Mode: 0o600, Content: strings.Join([]string{
				"FROM " + base, "COPY [\"nginx.conf\", \"/etc/nginx/conf.d/default.conf\"]", copied, "",
			}, "\n")},
			{Path: path.Join(Folder, ".dockerignore"), Mode: 0o600, Content: "*\n!nginx.conf\n" + sent},
			{Path: path.Join(Folder, "nginx.conf"), Mode: 0o644, Content: conf},
		}},
		in.compose("build", "Building the image.", "image", env),
	}, nil
}
