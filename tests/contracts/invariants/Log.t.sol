// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {DeviceRegistry} from "contracts/DeviceRegistry.sol";
import {RecordAnchor} from "contracts/RecordAnchor.sol";
import {IDeviceRegistry} from "contracts/interfaces/IDeviceRegistry.sol";
import {IRecordAnchor} from "contracts/interfaces/IRecordAnchor.sol";
import {IRecordDispute} from "contracts/interfaces/IRecordDispute.sol";
import {Ledger} from "support/Ledger.sol";
import {ReferenceTree} from "support/ReferenceTree.sol";

/// @notice Anchors a log that grows, anchors its heads again, tries to rewrite it, and revokes a machine's key.
contract LogHandler is Ledger, ReferenceTree {
    bytes32 private constant DIGEST = keccak256("payload");
    bytes32 public constant DEVICE = keccak256("device");

    uint64[] public sizes;
    IRecordAnchor.Head[] private heads;
    uint64 public lastAccepted = type(uint64).max;
    uint256 public forged;
    uint256 public revivals;
    /// @notice The machine's last number under the newest head.
    uint64 public end;
    mapping(uint64 size => bytes32) private _states;

    constructor() {
        deploy();
        address[] memory signers = new address[](1);
        signers[0] = vm.addr(SIGNER_KEY);
        anchor = new RecordAnchor(address(access), signers, 1);
        devices = new DeviceRegistry(address(access), address(anchor));
        (uint256 x, uint256 y) = vm.publicKeyP256(7);
        (bytes32 r, bytes32 s) = vm.signP256(7, sha256(devices.possessionMessage(DEVICE, 1)));
        devices.register(DEVICE, operator, operator, PROJECT, IDeviceRegistry.NewKey(bytes32(x), bytes32(y), 0, r, s));
    }

    function grow(uint8 more) external {
        uint64 size = _last() + 1 + more % 7;
        if (size > 90) return;
        // What came after its key's end is not taken.
        if (size <= lastAccepted) end = size;
        _states[size] = end == 0 ? keccak256("nobody's") : slotLeaf(DEVICE, 1, end, DIGEST);
        _anchor(size, treeHash(0, size), _proof(size));
        sizes.push(size);
    }

    function replay(uint8 which) external {
        if (heads.length == 0) return;
        anchor.anchor(heads[which % heads.length], new bytes32[](0), new bytes[](0));
    }

    /// @dev The one signer signs another history: a changed record, or a shorter log under a longer size.
    function rewrite(uint8 more, bytes32 root) external {
        uint64 size = _last() + 1 + more % 7;
        if (sizes.length == 0 || root == treeHash(0, size)) return;
        IRecordAnchor.Head memory next = headOf(size, root, _states[size]);
        try anchor.anchor(next, _proof(size), _signed(next)) {
            ++forged;
        } catch {}
    }

    function shrink(uint8 less, bytes32 root) external {
        if (_last() < 2) return;
        uint64 size = 1 + less % (_last() - 1);
        IRecordAnchor.Head memory next = headOf(size, root, _states[size]);
        try anchor.anchor(next, new bytes32[](0), _signed(next)) {
            ++forged;
        } catch {}
    }

    /// @dev An anchored head, old or new, with one bit changed: signed or not, it is another one.
    function change(uint8 which, uint8 field, uint8 bit) external {
        if (heads.length == 0) return;
        IRecordAnchor.Head memory next = heads[which % heads.length];
        changeHead(next, field, bit);
        next.size = heads[which % heads.length].size;
        if (keccak256(abi.encode(next)) == keccak256(abi.encode(heads[which % heads.length]))) return;
        try anchor.anchor(next, new bytes32[](0), new bytes[](0)) {
            ++forged;
        } catch {}
        try anchor.requireHead(next) {
            ++forged;
        } catch {}
    }

    function revoke(uint64 until) external {
        IRecordAnchor.Head memory newest;
        if (heads.length != 0) newest = heads[heads.length - 1];
        IRecordDispute.Slot memory slot = IRecordDispute.Slot(newest, 0, 1, 1, end, DIGEST, new bytes32[](0));
        try devices.revoke(DEVICE, 1, until, 1, slot) {
            if (until > lastAccepted || until < end) ++revivals;
            lastAccepted = until;
        } catch {}
    }

    /// @dev Numbers about where the log is; others nobody has.
    function revokeNear(uint8 until) external {
        this.revoke(until);
    }

    function repudiate(uint64 until) external {
        try devices.repudiate(DEVICE, 1, until, 1) {
            if (until >= lastAccepted) ++revivals;
            lastAccepted = until;
        } catch {}
    }

    function repudiateNear(uint8 until) external {
        this.repudiate(until);
    }

    function disputed() external view returns (uint64 from, uint64 to) {
        return devices.disputedOf(DEVICE, 1);
    }

    function renew(bytes32 certificate) external {
        try devices.renewCertificate(DEVICE, 1, certificate) {
            if (lastAccepted != type(uint64).max) ++revivals;
        } catch {}
    }

    function sizeCount() external view returns (uint256) {
        return sizes.length;
    }

    function head(uint256 index) external view returns (IRecordAnchor.Head memory) {
        return heads[index];
    }

    function isKept(uint256 index) external view returns (bool) {
        try anchor.requireHead(heads[index]) {
            return true;
        } catch {
            return false;
        }
    }

    function headCount() external view returns (uint256) {
        return anchor.headCount();
    }

    function rootOf(uint64 size) external pure returns (bytes32) {
        return treeHash(0, size);
    }

    function isAccepted(uint64 sequence) external view returns (bool) {
        return devices.isAccepted(DEVICE, 1, sequence);
    }

    function _last() private view returns (uint64) {
        return sizes.length == 0 ? 0 : sizes[sizes.length - 1];
    }

    function _proof(uint64 size) private view returns (bytes32[] memory) {
        return sizes.length == 0 ? new bytes32[](0) : consistencyPath(_last(), 0, size, true);
    }

    function _anchor(uint64 size, bytes32 root, bytes32[] memory proof) private {
        IRecordAnchor.Head memory next = headOf(size, root, _states[size]);
        next.annex = keccak256(abi.encode(size));
        anchor.anchor(next, proof, _signed(next));
        heads.push(next);
    }

    function _signed(IRecordAnchor.Head memory next) private view returns (bytes[] memory signatures) {
        signatures = new bytes[](1);
        signatures[0] = signHead(SIGNER_KEY, next);
    }
}

contract LogInvariants {
    LogHandler private _handler;

    error Broken(string rule);

    function setUp() public {
        _handler = new LogHandler();
    }

    function targetContracts() public view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(_handler);
    }

    /// @notice Rule 9: heads only grow, each over the log as it is, and replaying one adds none.
    function invariant_heads_grow_over_one_log() public view {
        uint256 count = _handler.headCount();
        if (count != _handler.sizeCount() || _handler.forged() != 0) revert Broken("a head that was not the log's");
        uint64 last = 0;
        for (uint256 i = 0; i < count; ++i) {
            IRecordAnchor.Head memory head = _handler.head(i);
            if (head.size <= last || head.size != _handler.sizes(i)) revert Broken("sizes grow");
            if (head.previousSize != last || !_handler.isKept(i)) revert Broken("each is kept, over the one before");
            if (head.root != _handler.rootOf(head.size)) revert Broken("roots are the log's");
            last = head.size;
        }
    }

    /// @notice Rule 9: records from a device after its revocation are refused, for ever.
    function invariant_nothing_counts_after_a_revocation() public view {
        uint64 until = _handler.lastAccepted();
        if (_handler.revivals() != 0) revert Broken("a revoked key came back, or one went below what is anchored");
        if (!_handler.isAccepted(until) && until != 0) revert Broken("what came before counts");
        if (until != type(uint64).max && _handler.isAccepted(until + 1)) revert Broken("what came after does not");
    }

    /// @notice What is anchored counts, or the committee has repudiated it: it vanishes in no other way.
    function invariant_what_is_anchored_counts_or_is_disputed() public view {
        uint64 end = _handler.end();
        (uint64 from, uint64 to) = _handler.disputed();
        if (to == 0 && from != 0) revert Broken("no range begins without an end");
        if (end == 0 || _handler.isAccepted(end)) return;
        if (to < end || from != _handler.lastAccepted() + 1) revert Broken("what is anchored is disputed, or counts");
    }
}
