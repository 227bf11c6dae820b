/** What may stand in a path, and where requests may go. */
import { BatchesError } from "./errors.js";

export function checkedId(id: string): string {
  if (typeof id !== "string" || ["", ".", ".."].includes(id) || !isText(id)) {
    throw new BatchesError("invalid_argument", `${JSON.stringify(id)} is not an id`);
  }
  return id;
}

export function checkedEndpoint(endpoint: string): string {
  if (typeof endpoint !== "string" || !endpoint || !isText(endpoint)) {
    throw new BatchesError("invalid_argument", `${JSON.stringify(endpoint)} is not an endpoint`);
  }
  return endpoint;
}

/** Whether a text can be sent: half a surrogate pair cannot. */
const isText = (text: string): boolean => !/\p{Surrogate}/u.test(text);

/** One segment of a path, with all but the unreserved characters of RFC 3986 escaped. */
export const escaped = (id: string): string =>
  encodeURIComponent(id).replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);

export function checkedBaseUrl(text: string): string {
  const url = text.trim();
  if (!URL.canParse(url) || !/^https?:/i.test(url) || /[?#\s]/.test(url) || new URL(url).username) {
    throw new BatchesError("invalid_argument", "the base URL is not one of http or https");
  }
  const bare = url.replace(/\/+$/, "");
  return bare.endsWith("/v1") ? bare : `${bare}/v1`;
}

/** The address that the service names, when bytes may be sent there: no other scheme, no step down from https. */
export function presigned(location: string, base: string): string {
  // URL mends what it is given: it would take a path for the host, and drop what cannot be seen.
  const plain = /^[!-~]+$/.test(location) && !/^[a-z]+:(?!\/\/[^/\\?#])/i.test(location);
  const url = plain && URL.canParse(location, base) ? new URL(location, base) : null;
  const safe = url?.protocol === "https:" || (url?.protocol === "http:" && base.startsWith("http:"));
  if (!url || !safe || url.username || url.password) {
    throw new BatchesError("reply", "upload: the service points to an unusable address");
  }
  return url.href;
}
