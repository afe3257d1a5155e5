import { tenant, token } from "../api/access.ts";
import { announce } from "../ui/announce.tsx";

/** Fields for the token and the tenant, for meshes that need them. */
export function Access() {
  const apply = (event: SubmitEvent) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    token.value = `${form.get("token") ?? ""}`.trim();
    tenant.value = `${form.get("tenant") ?? ""}`.trim();
    announce("Token and tenant are used from now on");
  };
  const isSet = token.value !== "" || tenant.value !== "";
  return (
    <details class="access">
      <summary>Access{isSet ? ` (${tenant.value || "token"})` : ""}</summary>
      <form onSubmit={apply}>
        <label>
          <span>Token</span>
          <input type="password" name="token" autocomplete="off" value={token.value} />
        </label>
        <label>
          <span>Tenant</span>
          <input type="text" name="tenant" autocomplete="off" value={tenant.value} />
        </label>
        <button type="submit">Use</button>
        <p class="hint">Both are kept in this tab until it is closed, and sent with every request.</p>
      </form>
    </details>
  );
}
