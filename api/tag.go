package api

// Tag is a word that a team gives to resources of all kinds, to find and to deploy them
// together.
type Tag struct {
	UUID      string `json:"uuid"`
	Name      string `json:"name"`
	CreatedAt Time   `json:"created_at"`
	UpdatedAt Time   `json:"updated_at"`
}

// TagWrite makes or renames a tag.
type TagWrite struct {
	Name string `json:"name" rule:"required,max=255" doc:"Kept in lower case."`
}

// TagAdd gives a resource tags; those that the team does not have are made.
type TagAdd struct {
	TagName  string   `json:"tag_name,omitempty" rule:"max=255" doc:"This or tag_names."`
	TagNames []string `json:"tag_names,omitempty"`
}
