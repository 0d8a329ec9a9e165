package api

// Storages are what a resource mounts, those that its kind brings along included.
type Storages struct {
	PersistentStorages []Storage `json:"persistent_storages"`
	FileStorages       []Storage `json:"file_storages"`
}

// Storage is a volume, or a file or folder. Keys that only the other sort has are absent.
type Storage struct {
	ID              int64   `json:"id"`
	UUID            string  `json:"uuid"`
	Name            *string `json:"name,omitempty" doc:"Of a volume."`
	Chmod           *string `json:"chmod,omitempty" doc:"Of a file: octal digits."`
	Content         *string `json:"content,omitempty" doc:"Of a file. Sensitive."`
	FsPath          *string `json:"fs_path,omitempty" doc:"Of a file: where it is on the server."`
	HostPath        *string `json:"host_path,omitempty" doc:"Of a volume: this path of the server in place of a named volume."`
	IsBasedOnGit    bool    `json:"is_based_on_git" doc:"Always false; clients expect the key."`
	IsDirectory     bool    `json:"is_directory"`
	IsPreviewSuffix bool    `json:"is_preview_suffix_enabled" doc:"Always false; clients expect the key."`
	IsReadOnly      bool    `json:"is_readonly" doc:"Brought along by the kind: not to be changed."`
	MountPath       string  `json:"mount_path" doc:"Absolute path in the container."`
	ResourceID      int64   `json:"resource_id"`
	ResourceType    string  `json:"resource_type"`
	CreatedAt       Time    `json:"created_at"`
	UpdatedAt       Time    `json:"updated_at"`
}

// StorageCreate mounts something into the containers of a resource from its next start on.
type StorageCreate struct {
	Type        string   `json:"type" rule:"required,enum=persistent|file"`
	Name        string   `json:"name,omitempty" rule:"max=255" doc:"Of a volume."`
	MountPath   string   `json:"mount_path" rule:"required" doc:"Absolute path in the container."`
	HostPath    string   `json:"host_path,omitempty" doc:"Of a volume: this path of the server in place of a named volume."`
	Content     string   `json:"content,omitempty" rule:"keep" doc:"Of a file."`
	IsDirectory bool     `json:"is_directory,omitempty" doc:"Of a file: a folder."`
	FsPath      string   `json:"fs_path,omitempty" doc:"Of a file: where it is on the server, below the resource's folder."`
	Chmod       string   `json:"chmod,omitempty" doc:"Of a file: octal digits. Default 0644."`
	_           struct{} `ignore:"is_preview_suffix_enabled"`
}

// StorageUpdate changes a storage; nil fields stay as they are.
type StorageUpdate struct {
	UUID      string   `json:"uuid,omitempty" doc:"This or id."`
	ID        int64    `json:"id,omitempty"`
	Type      string   `json:"type" rule:"required,enum=persistent|file"`
	Name      *string  `json:"name,omitempty" rule:"max=255"`
	MountPath *string  `json:"mount_path,omitempty"`
	HostPath  *string  `json:"host_path,omitempty"`
	Content   *string  `json:"content,omitempty" rule:"keep"`
	FsPath    *string  `json:"fs_path,omitempty"`
	Chmod     *string  `json:"chmod,omitempty"`
	_         struct{} `ignore:"is_preview_suffix_enabled"`
}
