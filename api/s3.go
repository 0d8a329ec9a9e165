package api

// S3Storage is a bucket for backups, of any service that speaks S3.
type S3Storage struct {
	ID          int64   `json:"id"`
	UUID        string  `json:"uuid"`
	Description *string `json:"description"`
	Name        string  `json:"name"`
	Bucket      string  `json:"bucket"`
	Endpoint    string  `json:"endpoint"`
	IsUsable    bool    `json:"is_usable" doc:"As of the last validation."`
	Key         *string `json:"key,omitempty" doc:"Access key. Sensitive."`
	Path        *string `json:"path" doc:"Prefix of the keys of objects."`
	Region      string  `json:"region"`
	Secret      *string `json:"secret,omitempty" doc:"Sensitive."`
	TeamID      int64   `json:"team_id"`
	CreatedAt   Time    `json:"created_at"`
	UpdatedAt   Time    `json:"updated_at"`
}

// S3StorageCreate adds a bucket.
type S3StorageCreate struct {
	Name        string   `json:"name" rule:"required,max=255"`
	Description string   `json:"description,omitempty"`
	Endpoint    string   `json:"endpoint" rule:"required" doc:"URL of the service."`
	Region      string   `json:"region,omitempty" doc:"Default us-east-1."`
	Bucket      string   `json:"bucket" rule:"required"`
	Path        string   `json:"path,omitempty" doc:"Prefix of the keys of objects."`
	Key         string   `json:"key" rule:"required" doc:"Access key."`
	Secret      string   `json:"secret" rule:"required"`
	_           struct{} `ignore:"is_usable"`
}

// S3StorageUpdate changes a bucket; nil fields stay as they are.
type S3StorageUpdate struct {
	Name        *string  `json:"name,omitempty" rule:"max=255"`
	Description *string  `json:"description,omitempty"`
	Endpoint    *string  `json:"endpoint,omitempty"`
	Region      *string  `json:"region,omitempty"`
	Bucket      *string  `json:"bucket,omitempty"`
	Path        *string  `json:"path,omitempty"`
	Key         *string  `json:"key,omitempty"`
	Secret      *string  `json:"secret,omitempty"`
	_           struct{} `ignore:"is_usable"`
}

// S3Validation says whether a bucket can be written to and read from.
type S3Validation struct {
	Valid   bool   `json:"valid"`
	Message string `json:"message"`
}
