-- What a tenant has set for itself; who is not here has what the deployment is set to.
CREATE TABLE tripledger.tenants (
    tenant text PRIMARY KEY,
    redirect_origins text[] NOT NULL,
    changed_at timestamptz NOT NULL
);
